import { z } from 'zod'
import { defined } from '../../mesh/defined.ts'
import { isFields } from '../../mesh/fields.ts'
import { SUBMISSIONS } from '../modals/submissions.ts'
import type { SubmittedView } from '../modals/submitted.ts'

const Person = z.object({ user: z.string(), team: z.string().optional() })

/** What was typed after a slash command. */
const CommandRequest = z.object({
  kind: z.literal('command'),
  ...Person.shape,
  channel: z.string(),
  line: z.string(),
  responseUrl: z.string().optional(),
})

/** A message that mentions the bot, or that was sent to it. */
const MentionRequest = z.object({
  kind: z.literal('mention'),
  ...Person.shape,
  channel: z.string(),
  thread: z.string().optional(),
  text: z.string(),
})

/** A press of a button. */
const PressRequest = z.object({
  kind: z.literal('press'),
  ...Person.shape,
  channel: z.string(),
  thread: z.string().optional(),
  actionId: z.string(),
  value: z.string().optional(),
  message: z.string().optional(),
  responseUrl: z.string().optional(),
})

const Submitted = z.custom<SubmittedView>(
  (view) => isFields(view) && typeof view.private_metadata === 'string' && isFields(view.state),
)

/** A modal that was filled in. */
const SubmissionRequest = z.object({
  kind: z.literal('submission'),
  ...Person.shape,
  callbackId: z.string(),
  view: Submitted,
})

/** What a person asked for, as Slack delivered it, without what is only good for seconds. */
export const SlackRequest = z.discriminatedUnion('kind', [
  CommandRequest,
  MentionRequest,
  PressRequest,
  SubmissionRequest,
])
export type SlackRequest = z.infer<typeof SlackRequest>

/** A request with what Slack gives it once, and with what opens a modal within 3 s. */
export interface Delivered {
  request: SlackRequest
  id: string | undefined
  trigger: string | undefined
}

const Text = z.string().optional().catch(undefined)
const Named = z.object({ id: z.string(), team_id: Text })
const Team = z.object({ id: z.string() }).nullish()

const CommandBody = z.object({
  command: z.string(),
  text: z.string().catch(''),
  user_id: z.string(),
  team_id: Text,
  channel_id: z.string(),
  trigger_id: Text,
  response_url: Text,
})

const EventBody = z.object({
  type: z.literal('event_callback'),
  event_id: Text,
  team_id: Text,
  event: z.object({
    type: z.enum(['app_mention', 'message']),
    channel_type: Text,
    subtype: Text,
    bot_id: Text,
    user: z.string(),
    team: Text,
    channel: z.string(),
    text: z.string().catch(''),
    thread_ts: Text,
  }),
})

const PressBody = z.object({
  type: z.literal('block_actions'),
  user: Named,
  team: Team,
  channel: z.object({ id: z.string() }).optional(),
  container: z.object({ is_ephemeral: z.boolean().optional() }).catch({}),
  message: z.object({ ts: Text, thread_ts: Text }).optional(),
  actions: z.array(z.object({ action_id: z.string().catch(''), value: Text })).min(1),
  trigger_id: Text,
  response_url: Text,
})

const SubmissionBody = z.object({
  type: z.literal('view_submission'),
  user: Named,
  team: Team,
  trigger_id: Text,
  view: z.looseObject({ callback_id: z.string() }),
})

/** Reads what a person asks for out of what Slack delivers; undefined for anything else. */
export function deliveredOf(body: unknown, botUserId: string, commands: readonly string[]): Delivered | undefined {
  return commandOf(body, commands) ?? mentionOf(body, botUserId) ?? pressOf(body) ?? submissionOf(body)
}

function commandOf(body: unknown, commands: readonly string[]): Delivered | undefined {
  const { data } = CommandBody.safeParse(body)
  if (data === undefined || !commands.includes(data.command)) return undefined
  const { user_id: user, team_id: team, channel_id: channel, text: line, response_url: responseUrl } = data
  return {
    request: { kind: 'command', user, channel, line, ...defined({ team, responseUrl }) },
    id: data.trigger_id,
    trigger: data.trigger_id,
  }
}

function mentionOf(body: unknown, botUserId: string): Delivered | undefined {
  const { data } = EventBody.safeParse(body)
  if (data === undefined) return undefined
  const { event, event_id: id, team_id: own } = data
  const isSaidToBot =
    event.type === 'app_mention' ||
    (event.channel_type === 'im' && event.subtype === undefined && event.bot_id === undefined)
  if (!isSaidToBot || event.user === botUserId) return undefined
  const { user, channel, text, thread_ts: thread, team = own } = event
  const at = text.indexOf(`<@${botUserId}`)
  const line = at === -1 ? text : text.slice(text.indexOf('>', at) + 1)
  return {
    request: { kind: 'mention', user, channel, text: line.trim(), ...defined({ team, thread }) },
    id,
    trigger: undefined,
  }
}

function pressOf(body: unknown): Delivered | undefined {
  const { data } = PressBody.safeParse(body)
  if (data === undefined) return undefined
  const { user, team, channel, container, message, actions, trigger_id: trigger, response_url: responseUrl } = data
  const [{ action_id: actionId, value } = { action_id: '', value: undefined }] = actions
  const thread = container.is_ephemeral === true || message?.thread_ts === message?.ts ? undefined : message?.thread_ts
  return {
    request: {
      kind: 'press',
      user: user.id,
      channel: channel?.id ?? user.id,
      actionId,
      ...defined({ team: user.team_id ?? team?.id, thread, value, message: message?.ts, responseUrl }),
    },
    id: trigger,
    trigger,
  }
}

function submissionOf(body: unknown): Delivered | undefined {
  const { data } = SubmissionBody.safeParse(body)
  const { data: view } = Submitted.safeParse(data?.view)
  if (data === undefined || view === undefined || !(data.view.callback_id in SUBMISSIONS)) return undefined
  const { user, team, trigger_id: id } = data
  const { private_metadata, state } = view
  return {
    request: {
      kind: 'submission',
      user: user.id,
      callbackId: data.view.callback_id,
      view: { private_metadata, state },
      ...defined({ team: user.team_id ?? team?.id }),
    },
    id,
    trigger: undefined,
  }
}
