import type { Ref } from '../mesh/ref.ts'
import type { Identity } from './identity.ts'
import type { Write } from './proposal.ts'

const given = Symbol('permit')

/** The right to make the writes of one approved change, or of its undoing. Made of a stored record, never of a request. */
export interface Permit {
  readonly [given]: true
  /** Id of the change's record; its objects carry it while the change is in force. */
  readonly change: string
  readonly writes: readonly Write[]
  readonly as: Identity
  /** True when the writes take the change back. */
  readonly undoes?: true
  /** Fields of other managers may be taken over: the approver has seen whose. */
  readonly force: boolean
}

/** The right to set what is raised on some proxies for a while, or to put it back. */
export interface LeasePermit {
  readonly [given]: true
  readonly lease: string
  readonly pods: readonly Ref[]
}

/** For apply.ts alone. */
export const grantPermit = (permit: Omit<Permit, typeof given>): Permit => ({ ...permit, [given]: true })

/** For leases/ alone. */
export const grantLeasePermit = (permit: Omit<LeasePermit, typeof given>): LeasePermit => ({ ...permit, [given]: true })
