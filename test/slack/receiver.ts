import { auditTrail } from '../../src/capabilities/audit-trail.ts'
import { ASK_ONLY } from '../../src/fixes/policy.ts'
import { READ_ONLY } from '../../src/fixes/read-only.ts'
import type { Backend } from '../../src/queue/backend.ts'
import { MeshDirectory } from '../../src/slack/access/mesh-directory.ts'
import { slackApp } from '../../src/slack/app.ts'
import { SlackChangeBoard } from '../../src/slack/thread/change-board.ts'
import { SlackCalls } from '../../src/slack/transport/calls.ts'
import { StartBarrier } from '../../src/slack/transport/start-barrier.ts'
import { recordedClients } from '../replay.ts'
import { rememberingLog, type House } from './house.ts'

/** A process that takes requests and has no worker; what Slack delivers is handed to it. Resolves to what it acknowledges with. */
export function receiverIn(
  { slack }: Pick<House, 'slack'>,
  { records, queue }: Backend,
  keepWithin = 60_000,
): (body: object) => Promise<unknown> {
  const { log } = rememberingLog()
  const calls = new SlackCalls({ token: slack.botToken, apiUrl: slack.url, log, pauses: [10], postEvery: 0 })
  const clients = recordedClients('chapter-10/ill')
  const shared = { records, slack: calls, telling: { checks: [] }, policy: ASK_ONLY, log }
  const members = (): Promise<string[]> => Promise.resolve([])
  const app = slackApp(
    { botToken: slack.botToken, appToken: slack.appToken, apiUrl: slack.url },
    { botId: slack.app.botId, botUserId: slack.app.userId },
    {
      ...shared,
      queue,
      clients,
      members,
      audit: auditTrail(records, log),
      writer: READ_ONLY,
      board: new SlackChangeBoard({ ...shared, members, team: slack.app.teamId }),
      requireMember: () => Promise.resolve(),
      startBarrier: new StartBarrier(),
      directory: new MeshDirectory(clients),
      heardWithin: 600_000,
      holdRequests: 100,
      keepWithin,
    },
  )
  return (body) =>
    new Promise((resolve, reject) => {
      app
        .processEvent({
          body,
          ack: (answer?: unknown) => {
            resolve(answer)
            return Promise.resolve()
          },
        })
        .catch(reject)
    })
}

const WHERE = { channel_id: 'C_MESH', user_id: 'U_ONCALL' }
let asked = 0

/** What tells a request from all others. */
export const nextId = (): string => `request-${(asked += 1)}`

/** A command as Slack delivers it. */
export const command = (text: string): { command: string; text: string; trigger_id: string } => ({
  command: '/mesh',
  text,
  trigger_id: nextId(),
  ...WHERE,
})
