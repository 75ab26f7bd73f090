import { readLogLevels } from '../../evidence/collectors/log-levels.ts'
import type { Leasable } from '../leasable.ts'
import { refOfPod } from '../lease-record.ts'
import { unknownLoggers } from './levels.ts'
import { levelsText } from './levels-text.ts'
import { startingLevels } from './starting-levels.ts'

/** Envoy's log levels, by logger. */
export const logLevels: Leasable = {
  kind: 'log-levels',
  read: ({ clients }, { proxy }, signal) => readLogLevels(refOfPod(proxy), clients.istioctl, signal),
  async set({ writer }, { permit, proxy, settings }, signal) {
    await writer.setLogLevels(permit, refOfPod(proxy), settings, signal)
    return undefined
  },
  refusal: unknownLoggers,
  startingValues: startingLevels,
  claimOf: (logger) => logger,
  podsOf: (_deps, { proxy }) => Promise.resolve([refOfPod(proxy)]),
  left: (others) => `${levelsText(others)}, set by somebody else`,
}
