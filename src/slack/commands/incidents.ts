import { listSubjects, type Incident } from '../../store/incidents.ts'
import { UserError } from '../../mesh/user-error.ts'
import { tell } from '../access/asking.ts'
import { requireViewer } from '../access/require-role.ts'
import { seesEverything } from '../access/sees-everything.ts'
import { incidentsMessage, MOST_INCIDENTS } from '../blocks/incidents.ts'
import type { SlackDeps } from '../deps.ts'
import { threadLinkOf } from '../incidents/thread-link.ts'
import { defineCommand } from './command.ts'

/** Shows the incidents that go on. */
export const incidents = defineCommand({
  name: 'incidents',
  usage: 'incidents',
  about:
    'shows the incidents of alerts that go on in this channel: what they are about, since when, the cause and the thread',
  asks: [],
  async run(deps: SlackDeps, asking, words) {
    const isAll = await seesEverything(deps, asking)
    if (!isAll) await requireViewer(deps, asking)
    if (words.length > 0) throw new UserError({ why: 'incidents takes no arguments.', commands: ['/mesh incidents'] })
    let unreadable = 0
    const all = (await listSubjects(deps.records, () => (unreadable += 1))).flatMap((subject) => subject.incidents)
    const open = all
      .filter(
        ({ state, mergedInto, channel }) =>
          state === 'open' && mergedInto === undefined && (isAll || channel === asking.channel),
      )
      .toSorted((one, other) => other.firstAt.localeCompare(one.firstAt))
    const shown = await Promise.all(
      open
        .slice(0, MOST_INCIDENTS)
        .map(async (incident: Incident) => ({ incident, url: await threadLinkOf(deps, incident) })),
    )
    await tell(deps, asking, incidentsMessage(shown, open.length, { unreadable, isAll }))
  },
})
