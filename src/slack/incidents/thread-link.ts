import { readPost } from '../../store/posts.ts'
import type { Incident } from '../../store/incidents.ts'
import type { ThreadDeps } from '../thread/thread-deps.ts'
import { rootOf } from '../thread/root-of.ts'

/** `ts` of the message of an incident; undefined when it was never posted. */
export const incidentTs = async (
  deps: Pick<ThreadDeps, 'records'>,
  { run, id }: Pick<Incident, 'run' | 'id'>,
): Promise<string | undefined> =>
  run === undefined ? (await readPost(deps.records, id, 'parent'))?.ts : rootOf(deps, run)

/** Permalink of an incident's message; undefined where there is none, or Slack does not give it. */
export async function threadLinkOf(
  deps: Pick<ThreadDeps, 'records' | 'slack' | 'log'>,
  incident: Pick<Incident, 'run' | 'id' | 'channel'>,
): Promise<string | undefined> {
  const ts = await incidentTs(deps, incident)
  if (ts === undefined) return undefined
  try {
    const { permalink } = await deps.slack.patiently('chat.getPermalink', (client) =>
      client.chat.getPermalink({ channel: incident.channel, message_ts: ts }),
    )
    return permalink
  } catch (err) {
    deps.log.warn({ err, incident: incident.id }, 'no link to an incident')
    return undefined
  }
}
