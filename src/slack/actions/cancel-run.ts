import { isFinished, updateRun } from '../../store/runs.ts'
import { tell } from '../access/asking.ts'
import { noteMessage } from '../blocks/refusal.ts'
import { UserError } from '../../mesh/user-error.ts'
import { defineAction } from './action.ts'
import { runOf } from './run-of.ts'

const ENDED: Readonly<Record<string, string>> = {
  done: 'is already finished',
  cancelled: 'was already cancelled',
  failed: 'has already failed',
}

/** Asks the worker that has the run, wherever it is, to stop. */
export const cancelRun = defineAction({
  name: 'cancel-run',
  async run(deps, asking, press) {
    const before = await runOf(deps, press)
    if (isFinished(before))
      throw new UserError({
        why: `That run ${ENDED[before.state] ?? 'is over'}.`,
        remedies: ['Its result is in the thread.'],
      })
    if (before.cancelAsked === true) return tell(deps, asking, noteMessage('It is already being cancelled.'))
    await updateRun(deps.records, before.id, (run) =>
      isFinished(run) || run.cancelAsked === true
        ? undefined
        : { ...run, cancelAsked: true, cancelAskedBy: asking.user },
    )
    await tell(deps, asking, noteMessage('Cancelling; the work stops within a second or so.'))
  },
})
