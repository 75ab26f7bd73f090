import type { Taken } from './taken.ts'

/** What one filter does to a request. */
export interface FilterAnswer {
  /** Its name in the configuration. */
  filter: string
  kind:
    'rbac' | 'jwt' | 'fault' | 'rate limit' | 'external authorization' | 'cors' | 'buffer' | 'header limit' | 'unknown'
  /** `no`: it answers the request itself. `maybe`: it may, or it can't be told. */
  passes: Taken
  /** A sentence without its full stop; absent when there is nothing to say. */
  says?: string
  /** What it answers with. */
  status?: number
  /** Percent of the requests it answers itself, where that is known: 0 to 100. */
  share?: number
  /** RBAC policies that decided. */
  policies?: string[]
}
