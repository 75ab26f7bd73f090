import { App, type CustomRoute, type MessageShortcut, type ReceiverEvent } from '@slack/bolt'
import { defined } from '../mesh/defined.ts'
import type { UserError } from '../mesh/user-error.ts'
import type { Log } from '../queue/log.ts'
import { StoreUnavailableError } from '../store/records.ts'
import { notAccepted, notKnownWhetherAccepted } from './access/user-error-of.ts'
import { refusalMessage } from './blocks/refusal.ts'
import type { SlackDeps } from './deps.ts'
import { publishHome } from './home/publish-home.ts'
import type { AckView } from './inbox/handle.ts'
import { Inbox } from './inbox/inbox.ts'
import { deliveredOf } from './inbox/request.ts'
import { DIAGNOSE_WORKLOAD } from './modals/diagnose-workload.ts'
import { openDiagnoseWorkload } from './shortcuts/diagnose-workload.ts'
import { AckBatcher } from './transport/ack-batcher.ts'
import { boltLogger } from './transport/bolt-logger.ts'
import { respondTo } from './transport/respond.ts'
import { SocketModeConnections } from './transport/socket-mode.ts'

/** How Slack reaches the app: an app token for Socket Mode, else a signing secret for HTTP. */
export interface SlackAppOptions {
  botToken: string
  /** Socket Mode when given. */
  appToken?: string
  /** For HTTP; needed without an app token. */
  signingSecret?: string
  /** For another address than Slack's. */
  apiUrl?: string
  /** Further HTTP routes beside /slack/events; HTTP only. */
  customRoutes?: CustomRoute[]
}

/** The app's own identity, from auth.test; given both, Bolt does not ask by itself, where nobody could catch its failure. */
export interface SlackIdentity {
  botId: string
  botUserId: string
}

/** The slash command, the events and the shortcut that are handled; manifest.yml names the same. */
export const HANDLED = {
  commands: ['/mesh'],
  events: ['app_home_opened', 'app_mention', 'message.im'],
  shortcuts: [DIAGNOSE_WORKLOAD],
} as const

/** Where Slack posts in HTTP mode. */
export const EVENTS_PATH = '/slack/events'

/** Bolt's app, with requests that are stored before they are acknowledged. Bolt itself acknowledges mentions before anybody hears of them. */
class MeshMedicApp extends App {
  private readonly identity: SlackIdentity
  private readonly inbox: Inbox
  private readonly batcher = new AckBatcher()

  constructor(options: SlackAppOptions, identity: SlackIdentity, deps: SlackDeps) {
    super({
      ...transport(options, deps.log),
      token: options.botToken,
      ...identity,
      clientOptions: options.apiUrl === undefined ? {} : { slackApiUrl: options.apiUrl },
      logger: boltLogger(deps.log),
    })
    this.identity = identity
    this.inbox = new Inbox(deps)
  }

  override async start(...all: Parameters<App['start']>): ReturnType<App['start']> {
    const server = await super.start(...all)
    this.inbox.start()
    return server
  }

  override async stop(): Promise<unknown> {
    const stopped: unknown = await super.stop()
    await this.inbox.stop()
    return stopped
  }

  override async processEvent(event: ReceiverEvent): Promise<void> {
    const delivered = deliveredOf(event.body, this.identity.botUserId, HANDLED.commands)
    if (delivered === undefined) return super.processEvent(event)
    const ack = event.ack as unknown as AckView & (() => Promise<void>)
    const arrival = await this.inbox.keep(delivered)
    if (arrival === 'seen') return ack()
    const isCommand = delivered.request.kind === 'command'
    if (isCommand && arrival === 'not-kept') return event.ack(answerWith(notAccepted))
    if (isCommand && arrival === 'not-known') return event.ack(answerWith(notKnownWhetherAccepted))
    // A modal is answered by whoever reads what was filled in.
    if (delivered.request.kind !== 'submission') await ack()
    await this.batcher.wait()
    await this.inbox.handle(delivered, ack)
  }
}

/** The acknowledgement of a command that could not be stored for certain. */
function answerWith(told: (cause: unknown) => UserError): {
  response_type: 'ephemeral'
  text: string
  blocks: unknown[]
} {
  const { text, blocks } = refusalMessage(told(new StoreUnavailableError('write')))
  return { response_type: 'ephemeral', text, blocks }
}

/** Builds the Bolt app with every handler; it is not connected yet. */
export function slackApp(options: SlackAppOptions, identity: SlackIdentity, deps: SlackDeps): App {
  const app = new MeshMedicApp(options, identity, deps)
  registerShortcut(app, deps)
  app.event('app_home_opened', async ({ event, context }) => {
    if (event.tab === 'home') await publishHome(deps, { user: event.user, team: context.teamId })
  })
  app.error((error) => {
    deps.log.error({ err: error }, 'a Slack handler failed')
    return Promise.resolve()
  })
  return app
}

function transport(
  { appToken, signingSecret, customRoutes, apiUrl }: SlackAppOptions,
  log: Log,
): ConstructorParameters<typeof App>[0] {
  if (appToken !== undefined)
    return { receiver: new SocketModeConnections({ appToken, logger: boltLogger(log), ...defined({ apiUrl }) }) }
  if (signingSecret === undefined)
    throw new TypeError('Slack needs an app token (Socket Mode) or a signing secret (HTTP).')
  return { signingSecret, endpoints: [EVENTS_PATH], ...defined({ customRoutes }) }
}

function registerShortcut(app: App, deps: SlackDeps): void {
  app.shortcut<MessageShortcut>(
    { type: 'message_action', callback_id: DIAGNOSE_WORKLOAD },
    async ({ ack, shortcut }) => {
      await ack()
      await openDiagnoseWorkload(
        deps,
        {
          user: shortcut.user.id,
          team: teamOf(shortcut.user) ?? shortcut.team?.id,
          channel: shortcut.channel.id,
          respond: respondTo(shortcut.response_url),
        },
        shortcut,
      )
    },
  )
}

/** The workspace somebody belongs to, which in a shared channel is not the one the app is in. */
const teamOf = (user: { id: string }): string | undefined => (user as { team_id?: string }).team_id
