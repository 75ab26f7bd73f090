import { defined } from '../../mesh/defined.ts'
import type { RunRecord } from '../../store/runs.ts'

/** Where a run's buttons may be pressed. */
export const home = ({ channel, asker }: RunRecord): Record<string, unknown> => ({
  channel,
  ...defined({ team: asker.team }),
})

/** What a run is about, as it was asked: `diagnose catalog`. */
export const subjectOf = ({ request: { kind, text } }: RunRecord): string => `${kind} ${text}`.trim()
