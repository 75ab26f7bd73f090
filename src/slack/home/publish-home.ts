import type { HomeView } from '@slack/types'
import { listLeases } from '../../leases/lease-record.ts'
import { UserError } from '../../mesh/user-error.ts'
import { lastRuns } from '../../store/last-runs.ts'
import { isFinished, listOpenRuns, type RunRecord } from '../../store/runs.ts'
import { seesEverything } from '../access/sees-everything.ts'
import { leaseButton } from '../answers/lease-buttons.ts'
import { cancelButton } from '../answers/run-buttons.ts'
import type { LinkedRun } from '../blocks/run-line.ts'
import type { SlackDeps } from '../deps.ts'
import { linkToRun } from '../thread/link-to-run.ts'
import { closedHome, homeView } from './home-view.ts'

/** What one list of the tab shows at most. */
const MOST = 8

/** Somebody who looks at the Home tab. */
export interface Looking {
  user: string
  team: string | undefined
}

/** Shows somebody's Home tab as things are now. Never rejects. */
export async function publishHome(deps: SlackDeps, looking: Looking): Promise<void> {
  const { user } = looking
  try {
    const view = await viewFor(deps, looking)
    await deps.slack.patiently('views.publish', (client) => client.views.publish({ user_id: user, view }))
  } catch (err) {
    deps.log.warn({ err, user }, 'the Home tab could not be shown')
  }
}

async function viewFor(deps: SlackDeps, { user, team }: Looking): Promise<HomeView> {
  try {
    await deps.requireMember({ user, team, channel: user })
  } catch (error) {
    if (error instanceof UserError) return closedHome(error.message)
    throw error
  }
  const { records, queue, clients } = deps
  // Nobody else reads there, as in a direct message with the bot.
  const isAll = await seesEverything(deps, { user, channel: 'D' })
  const isShown = (own: string): boolean => isAll || own === user
  const linked = async (run: RunRecord): Promise<LinkedRun> => ({ run, url: await linkToRun(deps, run) })
  const open = (await listOpenRuns(records)).filter(({ asker }) => isShown(asker.user)).slice(0, MOST)
  const leases = (await listLeases(records, () => undefined))
    .filter(({ state, by }) => state !== 'over' && isShown(by.user))
    .slice(0, MOST)
  const last = (await lastRuns(records, { user })).filter(isFinished).slice(0, MOST)
  return homeView({
    at: new Date().toISOString(),
    cluster: clients.context,
    jobs: await queue.counts().catch(() => undefined),
    // Pressed here, not in the channel that they belong to.
    running: await Promise.all(
      open.map(async (run, index) => {
        const button = await cancelButton(records, { ...run, channel: user })
        return { ...(await linked(run)), cancel: { ...button, action: `${button.action}:${index}` } }
      }),
    ),
    leases: await Promise.all(
      leases.map(async (lease, index) => ({
        lease,
        giveBack: await leaseButton(records, { ...lease, channel: user }, 'put-back-lease', index),
      })),
    ),
    last: await Promise.all(last.map(linked)),
    isAll,
  })
}
