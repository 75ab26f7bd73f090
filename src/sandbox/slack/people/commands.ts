import { checkMessageContent } from '../message-content.ts'
import type { Channel, Fields, Person } from '../records.ts'
import { Refusal } from '../refusal.ts'
import {
  channelName,
  channelOf,
  invocationOf,
  personOf,
  refusedInvocation,
  seenBy,
  type Invocation,
  type Stage,
  type Whereabouts,
} from './stage.ts'

/**
 * A person types a slash command and presses Enter.
 * @param line e.g. `/mesh diagnose catalog`
 * @param where `thread` is the `ts` of a parent: Slack has no app commands in threads and refuses
 */
export const typeCommand = async (
  stage: Stage,
  line: string,
  where: Whereabouts & { readonly thread?: string },
): Promise<Invocation> => {
  const person = personOf(stage, where.user)
  const channel = channelOf(stage, where.channel, person)
  const [, command = '', text = ''] = /^(\/\S+)\s*([^]*)$/.exec(line.trim()) ?? []
  if (!stage.commands.has(command) || !stage.scopes.has('commands'))
    return refusedInvocation(`${command === '' ? line : command} is not a valid command.`)
  if (where.thread !== undefined) return refusedInvocation(`${command} is not supported in threads. Sorry!`)
  const { app } = stage.workspace
  const triggerId = stage.triggers.issue(person.id)
  const responseUrl = stage.origin + stage.responseUrls.issue({ user: person.id, channel: channel.id })
  const seenBefore = seenBy(stage, person)
  const result = await stage.deliveries.deliver({
    kind: 'slash_commands',
    body: {
      token: 'verification-token',
      team_id: person.team ?? app.teamId,
      team_domain: app.teamName,
      channel_id: channel.id,
      channel_name: channelName(channel),
      user_id: person.id,
      user_name: person.name,
      command,
      text: text.trim(),
      api_app_id: app.appId,
      is_enterprise_install: 'false',
      response_url: responseUrl,
      trigger_id: triggerId,
    },
  })
  const shownError = result.ok ? showResponse(stage, person, channel, result.response) : result.error
  return invocationOf(stage, person, result, {
    triggerId,
    responseUrl,
    seenBefore,
    ...(shownError === undefined ? {} : { shownError: `${command} failed with the error "${shownError}"` }),
  })
}

/** Shows what an acknowledgement carried. @returns Slack's error when it can't be shown */
const showResponse = (stage: Stage, person: Person, channel: Channel, response: Fields): string | undefined => {
  if (Object.keys(response).length === 0) return undefined
  try {
    const content = checkMessageContent(response)
    const { app } = stage.workspace
    if (response.response_type === 'in_channel')
      stage.workspace.post({ ...content, channel: channel.id, user: app.userId, botId: app.botId })
    else stage.workspace.showEphemeral({ ...content, channel: channel.id, user: person.id, via: 'acknowledgement' })
    return undefined
  } catch (error) {
    if (error instanceof Refusal) return 'invalid_command_response'
    throw error
  }
}
