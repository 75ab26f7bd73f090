import { z } from 'zod'
import { changeIncident, readSubject, type Incident } from '../../store/incidents.ts'
import type { Records } from '../../store/records.ts'
import type { RunRecord } from '../../store/runs.ts'
import { incidentOf } from '../blocks/incident-of.ts'
import { incidentDigest, incidentFrame } from '../blocks/incident.ts'
import type { SlackMessage } from '../blocks/rich.ts'
import { threadLinkOf } from './thread-link.ts'
import type { ThreadDeps } from '../thread/thread-deps.ts'

const BASES = 'incident-bases'
const KEPT_SECONDS = 30 * 24 * 3600
const Base = z.object({
  text: z.string(),
  blocks: z.custom<SlackMessage['blocks']>((value) => Array.isArray(value)),
})

async function ofRun(
  { records }: { records: Records },
  run: RunRecord,
): Promise<{ subject: string; incident: Incident } | undefined> {
  const where = incidentOf(run)
  if (where === undefined) return undefined
  const incident = (await readSubject(records, where.subject))?.incidents.find(({ id }) => id === where.id)
  return incident === undefined || (incident.run !== undefined && incident.run !== run.id)
    ? undefined
    : { subject: where.subject, incident }
}

/** The message of a run, with what is known of the incident that it is about; any other message as it is. What is framed is kept, for the edits to come. */
export async function framed(
  deps: Pick<ThreadDeps, 'records' | 'slack' | 'log'>,
  run: RunRecord,
  message: SlackMessage,
): Promise<SlackMessage> {
  const found = await ofRun(deps, run)
  if (found === undefined) return message
  await keepBase(deps.records, run.id, message)
  const { subject } = found
  const incident = await withLink(deps, found.incident)
  const digest = incidentDigest(incident)
  await changeIncident(deps.records, { subject, id: incident.id }, (now) => ({
    ...now,
    ...(incident.seen !== undefined && { seen: incident.seen }),
    shown: { digest, at: new Date().toISOString() },
  }))
  return incidentFrame(message, incident)
}

/** An incident that was seen before, with where. */
async function withLink(deps: Pick<ThreadDeps, 'records' | 'slack' | 'log'>, incident: Incident): Promise<Incident> {
  const { seen, channel } = incident
  if (seen?.run === undefined || seen.url !== undefined) return incident
  const url = await threadLinkOf(deps, { run: seen.run, id: '', channel })
  return url === undefined ? incident : { ...incident, seen: { ...seen, url } }
}

/** Keeps what a message shows without its frame. */
export async function keepBase(records: Records, id: string, { text, blocks }: SlackMessage): Promise<void> {
  await records.write(BASES, id, { text, blocks }, { expiresInSeconds: KEPT_SECONDS })
}

/** What a message shows without its frame; undefined when it is not kept. */
export async function baseOf(records: Records, id: string): Promise<SlackMessage | undefined> {
  const stored = await records.read(BASES, id)
  return stored === undefined ? undefined : Base.safeParse(stored.value).data
}
