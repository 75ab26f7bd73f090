import { UserError } from '../mesh/user-error.ts'

/** Why nothing is raised, and what would work: an answer for the person who asked. */
export class LeaseRefusedError extends UserError {
  override readonly name = 'LeaseRefusedError'

  constructor(why: string, remedies: readonly string[] = [], options?: ErrorOptions) {
    super({ why, remedies }, { ...options, code: 'lease-refused' })
  }
}
