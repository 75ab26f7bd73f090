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

/** A message with its frame, and what is to be called once Slack shows it. */
export interface Framed {
  message: SlackMessage
  confirm: () => Promise<void>
}

/**
 * The message of a run, with what is known of the incident that it is about; any other message as it is. What is framed is kept, for the edits to come. Until it is
 * confirmed the incident counts as not shown.
 */
export async function framed(
  deps: Pick<ThreadDeps, 'records' | 'slack' | 'log'>,
  run: RunRecord,
  message: SlackMessage,
): Promise<Framed> {
  const found = await ofRun(deps, run)
  if (found === undefined) return { message, confirm: () => Promise.resolve() }
  await keepBase(deps.records, run.id, message)
  const { subject } = found
  const incident = await withLink(deps, found.incident)
  const where = { subject, id: incident.id }
  const at = new Date().toISOString()
  const claimed = await changeIncident(deps.records, where, (now) => ({
    ...now,
    ...(incident.seen !== undefined && { seen: incident.seen }),
    shown: { digest: '', at },
  }))
  const shown = claimed ?? incident
  return {
    message: incidentFrame(message, shown),
    confirm: () => confirmShown(deps.records, where, { digest: incidentDigest(shown), at }),
  }
}

/** Says what Slack shows of an incident now. Where another edit was begun meanwhile, nobody knows which of both came last: it is edited once more. */
export async function confirmShown(
  records: Records,
  where: { subject: string; id: string },
  { digest, at }: { digest: string; at: string },
): Promise<void> {
  await changeIncident(records, where, (now) =>
    now.shown === undefined || now.shown.at === at
      ? { ...now, shown: { digest, at } }
      : { ...now, shown: { ...now.shown, digest: '' } },
  )
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

/** Lets the message of an incident show what a later diagnosis of it found: it tells the present. */
export async function overtakeIncident(
  { records }: Pick<ThreadDeps, 'records'>,
  run: RunRecord,
  message: SlackMessage,
): Promise<void> {
  const where = incidentOf(run)
  if (where === undefined) return
  const own = (await readSubject(records, where.subject))?.incidents.find(({ id }) => id === where.id)?.run
  if (own === undefined || own === run.id) return
  await keepBase(records, own, message)
  await changeIncident(records, where, (now) =>
    now.shown === undefined ? undefined : { ...now, shown: { ...now.shown, digest: '' } },
  )
}
