import type { Lendable, LeaseKind } from './lendable.ts'
import { logLevels } from './log-levels/log-levels.ts'

const LENDABLES: Readonly<Record<LeaseKind, Lendable>> = {
  'log-levels': logLevels,
}

/** What a lease lends. */
export const lendableOf = ({ kind }: { kind: LeaseKind }): Lendable => LENDABLES[kind]
