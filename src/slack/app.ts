import { App, type BlockAction, type CustomRoute, type MessageShortcut, type ViewSubmitAction } from '@slack/bolt'
import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../queue/log.ts'
import { pressButton } from './actions/press-button.ts'
import type { Asking } from './access/asking.ts'
import { heardBefore } from './access/heard-before.ts'
import { soonHeard } from './access/soon-heard.ts'
import { boltLogger } from './transport/bolt-logger.ts'
import { runLine } from './commands/run-line.ts'
import type { SlackDeps } from './deps.ts'
import { SocketModeConnections } from './transport/socket-mode.ts'
import { AckBatcher } from './transport/ack-batcher.ts'
import { hearMention } from './mention.ts'
import { openDiagnoseWorkload } from './shortcuts/diagnose-workload.ts'
import { DIAGNOSE_WORKLOAD } from './modals/diagnose-workload.ts'
import { EDIT_CHANGE } from './modals/edit-change.ts'
import { RAISE_LOG_LEVEL } from './modals/raise-log-level.ts'
import { REJECT_CHANGE } from './modals/reject-change.ts'
import { submitDiagnoseWorkload } from './modals/submit-diagnose-workload.ts'
import { submitEditChange } from './modals/submit-edit-change.ts'
import { submitRaiseLogLevel } from './modals/submit-raise-log-level.ts'
import { submitRejectChange } from './modals/submit-reject-change.ts'
import { defined } from '../mesh/defined.ts'

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
  events: ['app_mention', 'message.im'],
  shortcuts: [DIAGNOSE_WORKLOAD],
} as const

/** Buttons whose press decides over the cluster. */
const DECISIONS = ['approve-change', 'undo-change']
/** Milliseconds; Slack waits for 3 s. */
const ACKNOWLEDGE_WITHIN = 2000

/** Where Slack posts in HTTP mode. */
export const EVENTS_PATH = '/slack/events'

/** Builds the Bolt app with every handler; it is not connected yet. */
export function slackApp(options: SlackAppOptions, identity: SlackIdentity, deps: SlackDeps): App {
  const app = new App({
    ...transport(options, deps.log),
    token: options.botToken,
    ...identity,
    clientOptions: options.apiUrl === undefined ? {} : { slackApiUrl: options.apiUrl },
    logger: boltLogger(deps.log),
  })
  const batcher = new AckBatcher()
  registerCommand(app, deps, batcher)
  registerButtons(app, deps, batcher)
  registerShortcut(app, deps)
  registerViews(app, deps)
  app.event('app_mention', async ({ event, body }) => {
    await batcher.wait()
    await hearMention(deps, {
      ...event,
      team: event.team ?? body.team_id,
      eventId: body.event_id,
      botUserId: identity.botUserId,
    })
  })
  app.message(async ({ message, body }) => {
    if (message.subtype !== undefined || message.channel_type !== 'im' || message.bot_id !== undefined) return
    await batcher.wait()
    const { user, team = body.team_id, channel, text = '', ts, thread_ts } = message
    const said = { user, team, channel, text, ts, eventId: body.event_id, botUserId: identity.botUserId }
    await hearMention(deps, { ...said, ...defined({ thread_ts }) })
  })
  app.error((error) => {
    logError(deps.log, error)
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

function registerCommand(app: App, deps: SlackDeps, batcher: AckBatcher): void {
  for (const name of HANDLED.commands) {
    app.command(name, async ({ ack, command, respond }) => {
      await ack()
      await batcher.wait()
      const asking: Asking = { user: command.user_id, team: command.team_id, channel: command.channel_id, respond }
      await soonHeard(deps, asking, command.text, async () => {
        if (!(await heardBefore(deps, command.trigger_id))) await runLine(deps, asking, command.text)
      })
    })
  }
}

function registerButtons(app: App, deps: SlackDeps, batcher: AckBatcher): void {
  app.action<BlockAction>({ type: 'block_actions' }, async ({ ack, action, body, respond }) => {
    const { user, team, channel, container } = body
    const message = body.message as { ts?: string; thread_ts?: string } | undefined
    const asking: Asking = {
      user: user.id,
      team: teamOf(user) ?? team?.id,
      channel: channel?.id ?? user.id,
      respond,
      ...(container.is_ephemeral === true || message?.thread_ts === message?.ts ? {} : { thread: message?.thread_ts }),
    }
    const actionId = 'action_id' in action ? action.action_id : ''
    const press = (): Promise<void> =>
      pressButton(deps, asking, {
        actionId,
        value: 'value' in action && typeof action.value === 'string' ? action.value : undefined,
        message: message?.ts,
        trigger: body.trigger_id,
      })
    if (DECISIONS.includes(actionId)) {
      // Slack tells a person whose press nobody acknowledged: it is stored before it is acknowledged, so that no decision is lost in silence.
      const pressed = press()
      await Promise.race([pressed, pause(ACKNOWLEDGE_WITHIN)])
      await ack()
      return pressed
    }
    await ack()
    await batcher.wait()
    await press()
  })
}

function registerShortcut(app: App, deps: SlackDeps): void {
  app.shortcut<MessageShortcut>(
    { type: 'message_action', callback_id: DIAGNOSE_WORKLOAD },
    async ({ ack, shortcut, respond }) => {
      await ack()
      await openDiagnoseWorkload(
        deps,
        {
          user: shortcut.user.id,
          team: teamOf(shortcut.user) ?? shortcut.team?.id,
          channel: shortcut.channel.id,
          respond,
        },
        shortcut,
      )
    },
  )
}

/** The workspace somebody belongs to, which in a shared channel is not the one the app is in. */
const teamOf = (user: { id: string }): string | undefined => (user as { team_id?: string }).team_id

/** What a modal's answer is given to. */
const SUBMISSIONS = {
  [DIAGNOSE_WORKLOAD]: submitDiagnoseWorkload,
  [EDIT_CHANGE]: submitEditChange,
  [RAISE_LOG_LEVEL]: submitRaiseLogLevel,
  [REJECT_CHANGE]: submitRejectChange,
}

function registerViews(app: App, deps: SlackDeps): void {
  for (const [name, submit] of Object.entries(SUBMISSIONS))
    app.view<ViewSubmitAction>(name, async ({ ack, view, body }) => {
      if (await heardBefore(deps, (body as { trigger_id?: string }).trigger_id)) return ack()
      await submit(deps, { user: body.user.id, team: teamOf(body.user) ?? body.team?.id }, view, ack)
    })
}

function logError(log: Log, err: unknown): void {
  log.error({ err }, 'a Slack handler failed')
}
