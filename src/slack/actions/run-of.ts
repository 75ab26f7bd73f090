import { readable, type Run } from '../../capabilities/index.ts'
import { UserError } from '../../mesh/user-error.ts'
import { readRun } from '../../store/runs.ts'
import type { SlackDeps } from '../deps.ts'
import type { Press } from './action.ts'

/** The run a button belongs to. @throws UserError when it is forgotten, or of a version that asked otherwise */
export async function runOf({ records }: Pick<SlackDeps, 'records'>, { button }: Pick<Press, 'button'>): Promise<Run> {
  const stored = button.run === undefined ? undefined : await readRun(records, button.run)
  if (stored === undefined)
    throw new UserError({
      why: 'That run is no longer known: runs are kept for 30 days.',
      commands: ['/mesh diagnose TARGET'],
    })
  const run = readable(stored)
  if (run === undefined)
    throw new UserError({
      why: 'That request is from another version of mesh-medic.',
      remedies: ['Ask again:'],
      commands: ['/mesh help'],
    })
  return run
}
