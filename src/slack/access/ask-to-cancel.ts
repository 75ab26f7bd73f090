import { UserError } from '../../mesh/user-error.ts'
import { isFinished, updateRun, type RunRecord } from '../../store/runs.ts'
import { noteMessage } from '../blocks/refusal.ts'
import type { SlackDeps } from '../deps.ts'
import { tell, type Asking } from './asking.ts'

const ENDED: Readonly<Record<string, string>> = {
  done: 'is already finished',
  cancelled: 'was already cancelled',
  failed: 'has already failed',
}

/**
 * Asks the worker that has a run, wherever it is, to stop, and says so to whoever wants that.
 * @throws UserError when the run is over
 */
export async function askToCancel(deps: SlackDeps, asking: Asking, run: RunRecord): Promise<void> {
  if (isFinished(run))
    throw new UserError({
      why: `That run ${ENDED[run.state] ?? 'is over'}.`,
      remedies: ['Its result is in the thread.'],
    })
  if (run.cancelAsked === true) return tell(deps, asking, noteMessage('It is already being cancelled.'))
  await updateRun(deps.records, run.id, (now) =>
    isFinished(now) || now.cancelAsked === true ? undefined : { ...now, cancelAsked: true, cancelAskedBy: asking.user },
  )
  await tell(deps, asking, noteMessage('Cancelling; the work stops within a second or so.'))
}
