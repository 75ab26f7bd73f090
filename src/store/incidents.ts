import { z } from 'zod'
import { retryOnConflict } from './change-record.ts'
import { listReadable, type Unreadable } from './list-readable.ts'
import { derivedId } from './opaque-id.ts'
import type { Records } from './records.ts'

const COLLECTION = 'incident-subjects'
const PAST = 'past-incidents'
/** An incident that nothing is heard of any more is forgotten some day. */
const KEPT_SECONDS = 30 * 24 * 3600
const PAST_SECONDS = 90 * 24 * 3600

const Time = z.iso.datetime()

/** An alert of an incident, as it was told last. */
const IncidentAlert = z.object({
  name: z.string(),
  status: z.enum(['firing', 'resolved']),
  startsAt: Time,
  endsAt: Time.optional(),
})

/** Something that was not known of an incident before, as facts: what is said of it is made of them. */
const IncidentNews = z.object({
  at: Time,
  pods: z.array(z.string()).optional(),
  worse: z.object({ from: z.string(), to: z.string() }).optional(),
  again: z.boolean().optional(),
  cause: z.object({ from: z.string().optional(), to: z.string() }).optional(),
})
export type IncidentNews = z.infer<typeof IncidentNews>

/** Why an incident ended. */
export const IncidentEnd = z.object({
  by: z.enum(['change', 'rollout', 'object', 'itself', 'unknown']),
  /** One sentence. */
  says: z.string(),
})
export type IncidentEnd = z.infer<typeof IncidentEnd>

/** Several alerts about one thing: one message. Times are ISO 8601. */
export const Incident = z.object({
  id: z.string(),
  state: z.enum(['open', 'resolved']),
  channel: z.string(),
  cluster: z.string().optional(),
  /** Why its cluster cannot be looked at. */
  elsewhere: z.string().optional(),
  /** As `/mesh diagnose` takes it; absent where no label names one. */
  target: z.object({ text: z.string(), namespace: z.string().optional() }).optional(),
  /** Why that target: `destination_service="…"`. */
  by: z.string().optional(),
  tried: z.array(z.string()).optional(),
  caller: z.string().optional(),
  flags: z.array(z.string()),
  codes: z.array(z.string()),
  names: z.array(z.string()),
  /** By their fingerprints. */
  alerts: z.record(z.string(), IncidentAlert),
  severity: z.string().optional(),
  pods: z.array(z.string()),
  owner: z.string().optional(),
  links: z.record(z.string(), z.string()),
  /** When it was stored. */
  createdAt: Time,
  /** When the first of its alerts began. */
  firstAt: Time,
  /** When the last news came. */
  lastAt: Time,
  resolvedAt: Time.optional(),
  ended: IncidentEnd.optional(),
  /** The diagnosis whose message is the incident's. */
  run: z.string().optional(),
  /** What was found: the finding's code and its subject, and a sentence. */
  cause: z.object({ key: z.string(), says: z.string() }).optional(),
  verdict: z.string().optional(),
  /** How often it was looked again because nothing could be found out, and when last. */
  looks: z.number().optional(),
  lookedAt: Time.optional(),
  /** What responders ask first: who is hit, what changed before, whether it was seen before. */
  triage: z
    .object({
      began: Time,
      hit: z.array(z.object({ caller: z.string(), seen: z.number(), failed: z.number() })),
      /** `says` without its time. */
      before: z.array(z.object({ at: Time, says: z.string() })),
      unread: z.array(z.string()),
    })
    .optional(),
  seen: z
    .object({
      times: z.number(),
      at: Time,
      until: Time.optional(),
      ended: z.string().optional(),
      run: z.string().optional(),
      /** Its message. */
      url: z.string().optional(),
    })
    .optional(),
  /** News that no reply tells yet. */
  news: z.array(IncidentNews),
  /** Replies that were told, for their names. */
  told: z.number(),
  /** How many of the news the next reply tells: fixed before it is posted, so that whoever posts it tells the same. */
  telling: z.number().optional(),
  silence: z.object({ until: Time, by: z.string(), at: Time, where: z.string() }).optional(),
  /** What its message shows, as a digest, and since when. */
  shown: z.object({ digest: z.string(), at: Time }).optional(),
  /** True when its channel takes no messages. */
  untold: z.boolean().optional(),
  /** The incident that it was found to be the same as. */
  mergedInto: z.string().optional(),
})
export type Incident = z.infer<typeof Incident>

/** All incidents about one target of one cluster that are not over, or not for long. */
export const IncidentSubject = z.object({
  id: z.string(),
  incidents: z.array(Incident),
  /** Alerts that were resolved before they fired, by fingerprint: when they had begun. */
  ended: z.record(z.string(), Time),
  touchedAt: Time,
})
export type IncidentSubject = z.infer<typeof IncidentSubject>

/** The id of everything that is about one target; of alerts without one, about alerts of one name. */
export const subjectId = (...about: readonly (string | undefined)[]): string =>
  derivedId(`incidents:${JSON.stringify(about.map((one) => one ?? null))}`)

export async function readSubject(records: Records, id: string): Promise<IncidentSubject | undefined> {
  const stored = await records.read(COLLECTION, id)
  return stored && IncidentSubject.parse(stored.value)
}

/**
 * Changes what is known about a subject. `change` is free of effects: it is called again when somebody else wrote in between. Undefined leaves it as it is; a subject
 * without incidents and without ended alerts is removed.
 */
export async function changeSubject(
  records: Records,
  id: string,
  change: (subject: IncidentSubject) => IncidentSubject | undefined,
): Promise<IncidentSubject> {
  return retryOnConflict(async () => {
    const stored = await records.read(COLLECTION, id)
    const now: IncidentSubject =
      stored === undefined
        ? { id, incidents: [], ended: {}, touchedAt: new Date().toISOString() }
        : IncidentSubject.parse(stored.value)
    const next = change(now)
    if (next === undefined) return now
    if (next.incidents.length === 0 && Object.keys(next.ended).length === 0) {
      if (stored !== undefined) await records.remove(COLLECTION, id, { expected: stored.version })
      return next
    }
    const expected = stored?.version ?? 'absent'
    await records.write(COLLECTION, id, next, { expected, expiresInSeconds: KEPT_SECONDS })
    return next
  })
}

/** As changeSubject, for one incident; undefined when there is none of that id any more. */
export async function changeIncident(
  records: Records,
  { subject, id }: { subject: string; id: string },
  change: (incident: Incident) => Incident | undefined,
): Promise<Incident | undefined> {
  const now = await changeSubject(records, subject, (all) => {
    const incident = all.incidents.find((one) => one.id === id)
    const next = incident === undefined ? undefined : change(incident)
    return next === undefined
      ? undefined
      : { ...all, incidents: all.incidents.map((one) => (one.id === id ? next : one)) }
  })
  return now.incidents.find((one) => one.id === id)
}

/** Every subject with incidents that are not over, or not for long. */
export const listSubjects = (records: Records, unreadable?: Unreadable): Promise<IncidentSubject[]> =>
  listReadable(records, COLLECTION, IncidentSubject, unreadable)

/** Keeps an incident that is over, for those who ask whether it was seen before. */
export async function keepPast(records: Records, incident: Incident): Promise<void> {
  await records.write(PAST, incident.id, incident, { expiresInSeconds: PAST_SECONDS })
}

/** Incidents that are over, latest first. */
export async function listPast(records: Records, unreadable?: Unreadable): Promise<Incident[]> {
  return (await listReadable(records, PAST, Incident, unreadable)).sort((one, other) =>
    other.firstAt.localeCompare(one.firstAt),
  )
}
