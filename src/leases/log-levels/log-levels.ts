import { readLogLevels } from '../../evidence/collectors/log-levels.ts'
import type { Leasable } from '../leasable.ts'
import { levelsText, unknownLoggers } from './levels.ts'
import { startingLevels } from './starting-levels.ts'

/** Envoy's log levels, by logger. */
export const logLevels: Leasable = {
  kind: 'log-levels',
  read: ({ clients }, pod, signal) => readLogLevels(pod, clients.istioctl, signal),
  set: ({ writer }, { permit, pod, settings }, signal) => writer.setLogLevels(permit, pod, settings, signal),
  refusal: unknownLoggers,
  startingValues: startingLevels,
  claimOf: (logger) => logger,
  whenOver: 'the levels are put back',
  describe: levelsText,
}
