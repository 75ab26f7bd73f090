import type { LeasePermit } from '../fixes/permit.ts'
import type { Pod } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import type { LeaseDeps } from './lease-deps.ts'
import type { LeaseKind } from './lease-kinds.ts'
import type { LeaseProxy, LeaseRecord, Settings } from './lease-record.ts'

export type { Settings } from './lease-record.ts'

/** One that a lease is about, with the lease. */
export interface Held {
  lease: Pick<LeaseRecord, 'id' | 'lent'>
  proxy: LeaseProxy
}

/**
 * One thing that can be raised: its settings are read before anything is done, set for a while, and put back as they were. When they are raised,
 * extended, swept and put back, and what becomes of a proxy meanwhile, is the same for all.
 */
export interface Leasable {
  readonly kind: LeaseKind
  /** All settings as they are now; asked before a lease, and after each set, to verify it. @throws UnseenError */
  read(deps: LeaseDeps, held: Held, signal: AbortSignal): Promise<Settings>
  /**
   * Sets some settings: what is raised, or what was there before.
   * @returns the UID of an object that was made for it, which is kept
   * @throws UnseenError; then they may be set, or some of them
   */
  set(
    deps: LeaseDeps,
    held: Held & { permit: LeasePermit; settings: Settings },
    signal: AbortSignal,
  ): Promise<string | undefined>
  /** Why one that has these settings cannot get those, in one sentence without a full stop; undefined when it can. */
  refusal(wanted: Settings, has: Settings): string | undefined
  /** Why it cannot be raised as the cluster is now, in one sentence without a full stop. @throws UnseenError */
  obstacle?(deps: LeaseDeps, held: Held, signal: AbortSignal): Promise<string | undefined>
  /**
   * The value each setting has in a proxy that was just started: what one is put back to that was set in another's stead. Absent: what is raised is in no
   * proxy, and outlasts all of them.
   */
  startingValues?(pod: Pod): (name: string) => string
  /** By what name a setting is claimed, which no two leases may hold at a time; other than those of all other kinds. */
  claimOf(name: string): string
  /** The pods whose logs are saved. @throws UnseenError */
  podsOf(deps: Pick<LeaseDeps, 'clients'>, held: Held, signal: AbortSignal): Promise<Ref[]>
  /** What is said of settings that somebody else has changed meanwhile: they are left alone. */
  left(others: Settings, held: Held): string
}
