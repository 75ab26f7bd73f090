import { UserError } from '../../mesh/user-error.ts'
import { targetKey } from '../../mesh/target.ts'
import { lastRuns } from '../../store/last-runs.ts'
import { tell } from '../access/asking.ts'
import { findTyped } from '../access/find-target.ts'
import { requireViewer } from '../access/require-role.ts'
import { seesEverything } from '../access/sees-everything.ts'
import { seesRun } from '../access/sees-run.ts'
import { historyMessage } from '../blocks/history.ts'
import { linkToRun } from '../thread/link-to-run.ts'
import { defineCommand } from './command.ts'
import { readArguments } from './words.ts'

const usage = 'history [TARGET] [-n NAMESPACE]'
/** Runs that are shown. */
const MOST = 10

/** Shows the last runs of a channel, or about a target. */
export const history = defineCommand({
  name: 'history',
  usage,
  about: 'shows what was asked lately in this channel, or about a target, and what came of it',
  asks: [],
  async run(deps, asking, words) {
    const isAll = await seesEverything(deps, asking)
    if (!isAll) await requireViewer(deps, asking)
    const {
      words: [typed, ...more],
      namespace,
    } = readArguments(words, usage)
    if (more.length > 0) throw new UserError({ why: 'One target at a time.', commands: [`/mesh ${usage}`] })
    if (typed === undefined && namespace !== undefined)
      throw new UserError({ why: 'A namespace alone is not a target.', commands: [`/mesh ${usage}`] })
    const of =
      typed === undefined
        ? { channel: asking.channel }
        : { target: targetKey(await findTyped(deps, typed, namespace, (target) => `/mesh history ${target}`)) }
    const known = (await lastRuns(deps.records, of)).filter((run) => isAll || seesRun(asking, run)).slice(0, MOST)
    const runs = await Promise.all(known.map(async (run) => ({ run, url: await linkToRun(deps, run) })))
    await tell(deps, asking, historyMessage(runs, typed))
  },
})
