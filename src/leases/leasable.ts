import type { LeasePermit } from '../fixes/permit.ts'
import type { Pod } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import type { LeaseDeps } from './lease-deps.ts'

/** What can be raised on a proxy. */
export const LEASE_KINDS = ['log-levels', 'ztunnel-levels'] as const
export type LeaseKind = (typeof LEASE_KINDS)[number]

/** Settings of a proxy by their names, each with its value: `{http: 'debug'}`; one that is absent has the value ''. */
export type Settings = Record<string, string>

/**
 * One thing that can be raised: its settings on a proxy are read before anything is done, set for a while, and put back as they were. When they are raised,
 * extended, swept and put back, and what becomes of a proxy meanwhile, is the same for all.
 */
export interface Leasable {
  readonly kind: LeaseKind
  /** All of a proxy's settings as they are now; asked before a lease, and after each set, to verify it. @throws UnseenError */
  read(deps: LeaseDeps, pod: Ref, signal: AbortSignal): Promise<Settings>
  /** Sets some of a proxy's settings: what is raised, or what was there before. @throws UnseenError; then they may be set, or some of them */
  set(
    deps: LeaseDeps,
    { permit, pod, settings }: { permit: LeasePermit; pod: Ref; settings: Settings },
    signal: AbortSignal,
  ): Promise<void>
  /** Why a proxy that has these settings cannot get those, in one sentence without a full stop; undefined when it can. */
  refusal(wanted: Settings, has: Settings): string | undefined
  /** The value each setting has in a proxy that was just started: what one is put back to that was set in another's stead. */
  startingValues(pod: Pod): (name: string) => string
  /** By what name a setting is claimed on a proxy, which no two leases may hold at a time; other than those of all other kinds. */
  claimOf(name: string): string
  /** `the levels are put back` */
  readonly whenOver: string
  /** Settings for people: `http:debug, router:debug`. */
  describe(settings: Settings): string
}
