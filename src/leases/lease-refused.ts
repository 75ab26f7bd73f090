/** Why nothing is lent, and what would work: an answer for the person who asked. */
export class LeaseRefusedError extends Error {
  override readonly name = 'LeaseRefusedError'
  readonly code = 'lease-refused'
  readonly remedies: readonly string[]

  constructor(why: string, remedies: readonly string[] = [], options?: ErrorOptions) {
    super(why, options)
    this.remedies = remedies
  }
}
