import { isFields } from '../../../mesh/fields.ts'
import type { Fields } from '../records.ts'
import { Refusal, refusalWithReasons } from '../refusal.ts'

/** Arguments whose values Slack's clients send as JSON text inside a form. */
const JSON_ARGUMENTS = new Set(['blocks', 'attachments', 'metadata', 'view', 'files', 'file_ids', 'unfurls', 'chunks'])

/**
 * Turns a request body into arguments.
 * @param contentType of the request; form-encoded and JSON are accepted
 * @throws Refusal `invalid_form_data`, `json_not_object`, `invalid_json`, or `invalid_post_type`
 */
export const parseBody = (contentType: string, body: string): Fields => {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  if (type === 'application/json') return parseJsonBody(body)
  if (type === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(body))
  if (body === '') return {}
  throw new Refusal('invalid_post_type')
}

const parseJsonBody = (body: string): Fields => {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    throw new Refusal('invalid_json')
  }
  if (!isFields(value)) throw new Refusal('json_not_object')
  return value
}

/** The arguments of one call, read with their types. */
export class Arguments {
  readonly #values: Fields

  constructor(values: Fields) {
    this.#values = values
  }

  /** Everything but the token, JSON decoded where it is JSON, for the log of calls. */
  get all(): Fields {
    const entries = Object.entries(this.#values).filter(([name]) => name !== 'token')
    return Object.fromEntries(
      entries.map(([name, value]) => [
        name,
        JSON_ARGUMENTS.has(name) && typeof value === 'string' ? decoded(value) : value,
      ]),
    )
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined && this.#values[name] !== null
  }

  /** The text of an argument, or nothing when it is missing or empty. */
  text(name: string): string | undefined {
    const value = this.#values[name]
    if (typeof value === 'number') return String(value)
    return typeof value === 'string' && value !== '' ? value : undefined
  }

  /** @throws Refusal `invalid_arguments` when missing or empty */
  required(name: string): string {
    const value = this.text(name)
    if (value === undefined) throw refusalWithReasons('invalid_arguments', [`missing required field: ${name}`])
    return value
  }

  flag(name: string): boolean {
    const value = this.#values[name]
    return value === true || value === 'true' || value === '1' || value === 1
  }

  /** @throws Refusal `invalid_arguments` when it isn't a whole number within the bounds */
  number(name: string, bounds: { readonly otherwise: number; readonly min: number; readonly max: number }): number {
    const text = this.text(name)
    if (text === undefined) return bounds.otherwise
    const value = Number(text)
    if (!Number.isInteger(value) || value < bounds.min || value > bounds.max)
      throw refusalWithReasons('invalid_arguments', [`invalid value: ${name}`])
    return value
  }

  /**
   * An argument that holds JSON, whether it came as text or as JSON.
   * @throws Refusal with `code` when the text isn't JSON
   */
  json(name: string, code: string): unknown {
    const value = this.#values[name]
    if (typeof value !== 'string') return value
    if (value === '') return undefined
    try {
      return JSON.parse(value) as unknown
    } catch {
      throw new Refusal(code)
    }
  }
}

const decoded = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
