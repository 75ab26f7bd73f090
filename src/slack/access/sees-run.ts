import type { RunRecord } from '../../store/runs.ts'
import type { Asking } from './asking.ts'

/** True for who asked for a run, and for everybody in the channel that it was asked in. */
export const seesRun = (
  { user, channel }: Pick<Asking, 'user' | 'channel'>,
  run: Pick<RunRecord, 'asker' | 'channel'>,
): boolean => run.channel === channel || run.asker.user === user
