import type { Leasable, LeaseKind } from './leasable.ts'
import { logLevels } from './log-levels/log-levels.ts'

const LEASABLES: Readonly<Record<LeaseKind, Leasable>> = {
  'log-levels': logLevels,
}

/** What a lease raises. */
export const leasableOf = ({ kind }: { kind: LeaseKind }): Leasable => LEASABLES[kind]
