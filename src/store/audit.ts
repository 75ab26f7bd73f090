import { createHash } from 'node:crypto'
import { z } from 'zod'
import { canonicalJson } from './canonical-json.ts'
import { retryOnConflict } from './change-record.ts'
import type { Entry, Records } from './records.ts'

const STREAM = 'audit'
const PAGE = 1000
const BEFORE_THE_FIRST = '0'.repeat(64)

/** What can be recorded: noun + past verb. Add a line here; never rename one, old entries keep theirs. */
export const AuditEventName = z.enum([
  'access-logs-asked',
  'answer-deleted',
  'cause-judged',
  'capture-approved',
  'capture-rejected',
  'command-refused',
  'diagnosis-asked',
  'diagnosis-cancelled',
  'diagnosis-failed',
  'diagnosis-finished',
  'fix-applied',
  'fix-approved',
  'fix-asked',
  'fix-failed',
  'fix-proposed',
  'fix-refused',
  'fix-rejected',
  'fix-undo-approved',
  'fix-undone',
  'fix-verified',
  'incident-silenced',
  'lease-asked',
  'lease-ended',
  'lease-extended',
  'lease-granted',
  'lease-log-kept',
  'lease-refused',
  'log-levels-asked',
  'patch-sent',
  'probe-refused',
  'probe-sent',
  'settings-changed',
])
export type AuditEventName = z.infer<typeof AuditEventName>

const By = z.looseObject({ user: z.string(), team: z.string().optional() })

/** An event to record. `by` is who caused it (`user: 'mesh-medic'` for the bot itself); `at` is ISO 8601, default now. */
export const AuditEvent = z.object({
  at: z.iso.datetime().optional(),
  event: AuditEventName,
  by: By,
  run: z.string().optional(),
  /** The target's key. */
  target: z.string().optional(),
  facts: z.record(z.string(), z.unknown()).default({}),
})
export type AuditEvent = z.input<typeof AuditEvent>

/** An event as stored. `hash` is the SHA-256 (hex) of the canonical JSON of all the rest; `previous` is the hash of the entry before. */
export const AuditEntry = z.object({
  ...AuditEvent.shape,
  at: z.iso.datetime(),
  // A name from a newer version must stay readable after a rollback.
  event: z.string(),
  previous: z.string(),
  hash: z.string(),
})
export type AuditEntry = z.infer<typeof AuditEntry>

/** Appends the event to the chain and resolves to its sequence and entry. Never rejects because of others who append at the same time. */
export async function recordAudit(
  records: Records,
  event: AuditEvent,
): Promise<{ sequence: number; entry: AuditEntry }> {
  const content = contentOf(event)
  return retryOnConflict(async () => append(records, content, await records.lastEntry(STREAM)))
}

type Content = Omit<AuditEntry, 'previous' | 'hash'>

/** What is recorded of an event; through JSON once, so that what is hashed is what will be read back. */
function contentOf(event: AuditEvent): Content {
  const parsed = AuditEvent.parse(event)
  return JSON.parse(JSON.stringify({ ...parsed, at: parsed.at ?? new Date().toISOString() })) as Content
}

/** Appends right behind `last`; rejects with ConflictError when it is not the last any more. */
async function append(
  records: Records,
  content: Content,
  last: Entry | undefined,
): Promise<{ sequence: number; entry: AuditEntry }> {
  const linked = { ...content, previous: last ? hashField(last.value) : BEFORE_THE_FIRST }
  const entry: AuditEntry = { ...linked, hash: hashOf(linked) }
  return { sequence: await records.append(STREAM, entry, last?.sequence ?? 0), entry }
}

/** One record for each event that must not be recorded twice. */
const ONCE = 'audit-once'
/** Longer than anybody tries again: a run that was killed is continued within minutes, a lease is put back within a day. */
const ONCE_KEPT_SECONDS = 30 * 24 * 3600
/** `after`: entries that were there before anybody began to record it; `done`: it is recorded. */
const OnceRecord = z.object({ after: z.number(), done: z.boolean() })

/**
 * As recordAudit, unless `once` has recorded this event before: for work that may be begun again after its worker was killed.
 * A record with the event's key says from where on the entry can be. It is written first and marked as done last; whoever finds it not done looks
 * through the entries since, and appends only while none has come that it has not looked at: the event is there once, wherever a worker stopped.
 * @param once an id of whoever records, the same on each try
 */
export async function recordAuditOnce(records: Records, once: string, event: AuditEvent): Promise<void> {
  const id = `${event.event}:${once}`
  const { after, done } = await intent(records, id)
  if (done) return
  const content = contentOf({ ...event, facts: { ...event.facts, once } })
  let seen = after
  await retryOnConflict(async () => {
    let last: Entry | undefined
    // The entry before counts too: the next one is linked to it.
    for (let from = Math.max(1, seen); ; from = seen + 1) {
      const page = await records.entries(STREAM, { from, limit: PAGE })
      if (page.some((entry) => entry.sequence > after && isOf(entry, content.event, once))) return
      last = page.at(-1) ?? last
      seen = last?.sequence ?? seen
      if (page.length < PAGE) break
    }
    await append(records, content, last)
  })
  await records.write(ONCE, id, { after, done: true }, { expiresInSeconds: ONCE_KEPT_SECONDS })
}

/** The record of an event's key, written when there is none. */
async function intent(records: Records, id: string): Promise<z.infer<typeof OnceRecord>> {
  return retryOnConflict(async () => {
    const stored = await records.read(ONCE, id)
    // One that cannot be read says nothing: the entries themselves do.
    if (stored !== undefined) return OnceRecord.catch({ after: 0, done: false }).parse(stored.value)
    const fresh = { after: (await records.lastEntry(STREAM))?.sequence ?? 0, done: false }
    await records.write(ONCE, id, fresh, { expected: 'absent', expiresInSeconds: ONCE_KEPT_SECONDS })
    return fresh
  })
}

const isOf = (entry: Entry, event: string, once: string): boolean => {
  const read = readEntry(entry)
  return read?.event === event && read.facts.once === once
}

/** Whether an event of a run is among the last entries. */
export async function isNotedLately(records: Records, event: AuditEventName, run: string): Promise<boolean> {
  const last = (await records.lastEntry(STREAM))?.sequence ?? 0
  const page = await records.entries(STREAM, { from: Math.max(1, last - PAGE + 1), limit: PAGE })
  return page.map(readEntry).some((entry) => entry?.event === event && entry.run === run)
}

/** Entries in order, from sequence `from` (default 1), at most `limit` (default 1000). What nobody can read as an event is left out. */
export async function auditEntries(
  records: Records,
  options: { from?: number; limit?: number } = {},
): Promise<{ sequence: number; entry: AuditEntry }[]> {
  return (await records.entries(STREAM, options)).flatMap((stored) => {
    const entry = readEntry(stored)
    return entry === undefined ? [] : [{ sequence: stored.sequence, entry }]
  })
}

/** `head` is the last hash: written down elsewhere, it also proves that nothing was cut off at the end. */
export type AuditVerdict =
  { ok: true; entries: number; head: string } | { ok: false; sequence: number; broken: 'content' | 'chain' }

/** Every entry as it is stored, oldest first, a page at a time: also those that nobody could read as an event. */
export async function* storedAudit(records: Records, first = 1): AsyncGenerator<Entry> {
  for (let from = first; ;) {
    const page = await records.entries(STREAM, { from, limit: PAGE })
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE) return
    from = last.sequence + 1
  }
}

/** An entry as an event; undefined for what is none. */
export const readEntry = ({ value }: Pick<Entry, 'value'>): AuditEntry | undefined => AuditEntry.safeParse(value).data

/** Recomputes the chain, entry after entry from the first, or from the one after an entry that is known to be whole. */
export class AuditChain {
  private head: string
  private count: number
  private broken: Extract<AuditVerdict, { ok: false }> | undefined

  constructor(after: { sequence: number; head: string } = { sequence: 0, head: BEFORE_THE_FIRST }) {
    this.head = after.head
    this.count = after.sequence
  }

  add({ sequence, value }: Entry): void {
    if (this.broken !== undefined) return
    const { hash, ...linked } = z.record(z.string(), z.unknown()).catch({}).parse(value)
    if (hash !== hashOf(linked)) this.broken = { ok: false, sequence, broken: 'content' }
    else if (linked.previous !== this.head || sequence !== this.count + 1)
      this.broken = { ok: false, sequence, broken: 'chain' }
    this.head = hashField(value)
    this.count = sequence
  }

  get verdict(): AuditVerdict {
    return this.broken ?? { ok: true, entries: this.count, head: this.head }
  }
}

/** Recomputes the whole chain: ok, or the first entry whose content does not fit its hash ('content') or its predecessor ('chain'). */
export async function verifyAudit(records: Records): Promise<AuditVerdict> {
  const chain = new AuditChain()
  for await (const entry of storedAudit(records)) chain.add(entry)
  return chain.verdict
}

function hashOf(content: object): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex')
}

function hashField(value: unknown): string {
  const { hash } = z.object({ hash: z.string() }).catch({ hash: '' }).parse(value)
  return hash
}
