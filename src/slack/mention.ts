import { heardBefore } from './access/heard-before.ts'
import { runLine } from './commands/run-line.ts'
import type { Asking } from './access/asking.ts'
import type { SlackDeps } from './deps.ts'

/** A message that mentions the bot. */
export interface Mention {
  user?: string | undefined
  team?: string | undefined
  channel: string
  text: string
  ts: string
  thread_ts?: string | undefined
  eventId: string
  botUserId: string
}

/** Does what a message says after the bot's name, as `/mesh` would; in a thread the answer goes there. Never rejects. */
export async function hearMention(deps: SlackDeps, mention: Mention): Promise<void> {
  const { user, team, channel, thread_ts, text, eventId, botUserId } = mention
  if (user === undefined || (await heardBefore(deps, eventId))) return
  const asking: Asking = { user, team, channel, thread: thread_ts }
  const at = text.indexOf(`<@${botUserId}`)
  const line = at === -1 ? text : text.slice(text.indexOf('>', at) + 1)
  await runLine(deps, asking, line.trim())
}
