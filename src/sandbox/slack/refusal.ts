/**
 * What Slack answers with `ok: false`. `code` is Slack's own name for the error, `facts` are further fields of the
 * answer (`needed`, `provided`, `response_metadata`).
 */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: string
  readonly facts: Readonly<Record<string, unknown>>

  constructor(code: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(`Slack refuses: ${code}`)
    this.code = code
    this.facts = facts
  }
}

/** A refusal that says what is wrong where, in the way of Slack: `[ERROR] must be … [json-pointer:/blocks/0]`. */
export const refusalWithReasons = (code: string, reasons: readonly string[]): Refusal =>
  new Refusal(code, { response_metadata: { messages: reasons.map((reason) => `[ERROR] ${reason}`) } })
