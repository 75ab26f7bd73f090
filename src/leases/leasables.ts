import { accessLogs } from './access-logs/access-logs.ts'
import { captures } from './captures/captures.ts'
import type { Leasable } from './leasable.ts'
import type { LeaseKind } from './lease-kinds.ts'
import { logLevels } from './log-levels/log-levels.ts'
import { ztunnelLevels } from './ztunnel-levels/ztunnel-levels.ts'

const LEASABLES: Readonly<Record<LeaseKind, Leasable>> = {
  'access-logs': accessLogs,
  captures,
  'log-levels': logLevels,
  'ztunnel-levels': ztunnelLevels,
}

/** What a lease raises. */
export const leasableOf = ({ kind }: { kind: LeaseKind }): Leasable => LEASABLES[kind]
