import type { Records } from '../store/records.ts'
import { readRun } from '../store/runs.ts'

/** Somebody asked for the run to end. */
export class RunCancelledError extends Error {
  override readonly name = 'RunCancelledError'
  readonly by: string | undefined
  constructor(by: string | undefined) {
    super('the run was cancelled')
    this.by = by
  }
}

/** Aborts `signal` with RunCancelledError once the run's record says so, whichever process wrote it there. `stop` ends the looking. */
export function watchForCancel(
  records: Records,
  run: string,
  everyMilliseconds: number,
): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController()
  let looking = false
  const look = async (): Promise<void> => {
    if (looking) return
    looking = true
    try {
      const record = await readRun(records, run)
      if (record?.cancelAsked === true) controller.abort(new RunCancelledError(record.cancelAskedBy))
    } catch {
      // A store that does not answer is noticed by whoever needs it.
    } finally {
      looking = false
    }
  }
  const timer = setInterval(() => void look(), everyMilliseconds)
  return { signal: controller.signal, stop: () => clearInterval(timer) }
}
