import { UserError } from '../../mesh/user-error.ts'
import { listOpenRuns, readRun, type RunRecord } from '../../store/runs.ts'
import { askToCancel } from '../access/ask-to-cancel.ts'
import type { Asking } from '../access/asking.ts'
import { requireViewer } from '../access/require-role.ts'
import { seesEverything } from '../access/sees-everything.ts'
import { seesRun } from '../access/sees-run.ts'
import type { SlackDeps } from '../deps.ts'
import { defineCommand } from './command.ts'

const usage = 'cancel RUN'
/** Runs that are named when none was. */
const MOST_NAMED = 10

/** Stops a run by its id: for whoever does not find its message. */
export const cancel = defineCommand({
  name: 'cancel',
  usage,
  about: 'stops a run that is under way, by the id at the foot of its message',
  asks: [],
  async run(deps, asking, words) {
    const isAll = await seesEverything(deps, asking)
    if (!isAll) await requireViewer(deps, asking)
    const [id, ...more] = words
    if (more.length > 0) throw new UserError({ why: 'One run at a time.', commands: [`/mesh ${usage}`] })
    if (id === undefined) throw await noneNamed(deps, asking, isAll)
    const run = await readRun(deps.records, id.toLowerCase())
    // Whoever may not see a run does not learn that there is one.
    if (run === undefined || !(isAll || seesRun(asking, run)))
      throw new UserError({
        why: `No run ${JSON.stringify(id.slice(0, 40))} is known here.`,
        remedies: ['Its id stands at the foot of its message. A run of another channel is cancelled there.'],
        commands: ['/mesh history'],
      })
    await askToCancel(deps, asking, run)
  },
})

async function noneNamed({ records }: SlackDeps, asking: Asking, isAll: boolean): Promise<UserError> {
  const open = (await listOpenRuns(records)).filter((run) => isAll || seesRun(asking, run))
  return new UserError({
    why: open.length === 0 ? 'Nothing is running here.' : 'Which one?',
    commands: open.slice(0, MOST_NAMED).map((run: RunRecord) => `/mesh cancel ${run.id}`),
  })
}
