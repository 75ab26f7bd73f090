import { readRun, type RunRecord } from '../../store/runs.ts'
import type { SlackDeps } from '../deps.ts'
import { RefusalError } from '../access/refusal-of.ts'
import type { Press } from './action.ts'

/** The run a button belongs to. @throws RefusalError when it is forgotten */
export async function runOf({ records }: SlackDeps, { button }: Press): Promise<RunRecord> {
  const run = button.run === undefined ? undefined : await readRun(records, button.run)
  if (run === undefined)
    throw new RefusalError({
      why: 'That run is forgotten: runs are kept for 30 days.',
      commands: ['/mesh diagnose TARGET'],
    })
  return run
}
