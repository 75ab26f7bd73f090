import type { Leasable, LeaseKind } from './leasable.ts'
import { logLevels } from './log-levels/log-levels.ts'
import { ztunnelLevels } from './ztunnel-levels/ztunnel-levels.ts'

const LEASABLES: Readonly<Record<LeaseKind, Leasable>> = {
  'log-levels': logLevels,
  'ztunnel-levels': ztunnelLevels,
}

/** What a lease raises. */
export const leasableOf = ({ kind }: { kind: LeaseKind }): Leasable => LEASABLES[kind]
