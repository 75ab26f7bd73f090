import type { RunRecord } from '../../store/runs.ts'
import type { SlackDeps } from '../deps.ts'

/** Permalink of a run's thread; undefined when it has none yet, or Slack does not tell. Never rejects. */
export async function linkToRun(
  { slack, log }: Pick<SlackDeps, 'slack' | 'log'>,
  { id, channel, thread }: Pick<RunRecord, 'id' | 'channel' | 'thread'>,
): Promise<string | undefined> {
  if (thread === undefined) return undefined
  try {
    const { permalink } = await slack.patiently('chat.getPermalink', (client) =>
      client.chat.getPermalink({ channel, message_ts: thread }),
    )
    return permalink
  } catch (err) {
    log.warn({ err, run: id }, 'no link to a run')
    return undefined
  }
}
