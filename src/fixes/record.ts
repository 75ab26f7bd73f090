import { z } from 'zod'
import { changeRecord } from '../store/change-record.ts'
import { listReadable, type Unreadable } from '../store/list-readable.ts'
import { opaqueId } from '../store/opaque-id.ts'
import type { Records } from '../store/records.ts'

const COLLECTION = 'changes'
/** Counted from the last write: as long as somebody may want to undo or look it up. */
const KEPT_SECONDS = 90 * 24 * 3600

const Ref = z.object({ kind: z.string(), namespace: z.string().exactOptional(), name: z.string() })
const Version = z.object({ uid: z.string(), resourceVersion: z.string(), generation: z.number().exactOptional() })
export const StoredWrite = z.discriminatedUnion('verb', [
  z.object({
    verb: z.literal('apply'),
    ref: Ref,
    apiVersion: z.string(),
    manifest: z.string(),
    was: z.union([Version, z.literal('absent')]),
  }),
  z.object({ verb: z.literal('delete'), ref: Ref, apiVersion: z.string(), was: Version }),
])
const Identity = z.object({ user: z.string(), groups: z.array(z.string()) })
const By = z.object({ user: z.string(), team: z.string().exactOptional(), at: z.iso.datetime() })

/**
 * - proposed: waits for a decision; expired, rejected, superseded (edited, or made anew as an object moved) end that
 * - approved: may be written; applying: is being written; applied: is written, proof under way
 * - proved: `proof` says how it went; failed: nothing or only a part was written, `failure` says why
 * - undoing, undone: taken back, by a person or by itself
 */
export const ChangeState = z.enum([
  'proposed',
  'rejected',
  'expired',
  'superseded',
  'approved',
  'applying',
  'applied',
  'proved',
  'failed',
  'undoing',
  'undone',
])
export type ChangeState = z.infer<typeof ChangeState>

/** What was seen before the change, to compare with after; counts are of requests in the access logs. */
export const Baseline = z.object({
  verdict: z.string(),
  findings: z.array(z.object({ code: z.string(), subject: Ref, standing: z.string() })),
  traffic: z
    .object({
      requests: z.number(),
      failed: z.number(),
      flags: z.record(z.string(), z.number()),
      from: z.string(),
      to: z.string(),
    })
    .optional(),
  /** Commands and what they showed, for the eyes of people: analyze, describe, clusters, endpoints. */
  shown: z.array(z.object({ command: z.string(), says: z.string() })),
})
export type Baseline = z.infer<typeof Baseline>

export const ChangeProof = z.object({
  /** `gone`, `still there`, `unclear` as to the finding; `worse`: it is undone by itself. */
  outcome: z.enum(['gone', 'still there', 'unclear', 'worse']),
  /** One sentence. */
  says: z.string(),
  after: Baseline,
  at: z.iso.datetime(),
})
export type ChangeProof = z.infer<typeof ChangeProof>

/** What a diagnosis is asked again with. */
const Question = z.object({ text: z.string(), namespace: z.string().exactOptional() })

/** A fix from its proposal to its end, as it is stored. Times are ISO 8601. */
export const ChangeRecord = z.object({
  id: z.string(),
  /** SHA-256 (hex) of the writes. */
  digest: z.string(),
  state: ChangeState,
  act: z.string(),
  for: z.string(),
  /** The finding's subject. */
  subject: Ref,
  title: z.string(),
  why: z.string(),
  effect: z.string(),
  risk: z.object({ level: z.enum(['low', 'medium', 'high']), says: z.string() }),
  undoSays: z.string(),
  writes: z.array(StoredWrite).min(1),
  /** Unified diff by the server's dry run. */
  diff: z.string(),
  /** What a person should know before approving: fields taken over, GitOps owners, new analyzer messages. */
  notes: z.array(z.string()),
  /** Why nobody may approve it here (GitOps, a refused dry run): it is for a patch only. */
  blocked: z.string().optional(),
  /** True when approving takes fields over from other managers. */
  force: z.boolean(),
  /** Which of several candidates it is. */
  choice: z.string().optional(),
  question: Question,
  /** Key of the target. */
  target: z.string(),
  channel: z.string(),
  /** `ts` of the thread. */
  thread: z.string(),
  /** The run that proposed it; its message shows the change. */
  run: z.string(),
  /** The diagnosis it came from. */
  of: z.string().optional(),
  requester: By,
  expiresAt: z.iso.datetime(),
  baseline: Baseline,
  /** `run` is the one that carries it out. */
  decided: By.extend({
    verdict: z.enum(['approved', 'rejected']),
    reason: z.string().optional(),
    run: z.string(),
  }).optional(),
  as: Identity.optional(),
  /** Before the first write: what takes all of it back. Empty when nothing can. */
  inverse: z.array(StoredWrite).optional(),
  appliedAt: z.iso.datetime().optional(),
  /** Versions after the writes that were made, in their order; none of an object that was deleted. */
  wrote: z.array(z.object({ ref: Ref, version: Version.optional(), at: z.iso.datetime() })).optional(),
  failure: z.string().optional(),
  proof: ChangeProof.optional(),
  /** `user` is mesh-medic where it was taken back by itself. */
  undo: By.extend({
    why: z.string(),
    as: Identity,
    run: z.string(),
    state: z.enum(['undoing', 'undone', 'failed']),
    says: z.string().optional(),
  }).optional(),
  /** The change that took its place. */
  successor: z.string().optional(),
  /** The run that proposes it anew, as an object has moved. */
  again: z.string().optional(),
  /** When the contents of its writes were dropped: nothing can be done with them any more, and they may hold secrets. */
  emptiedAt: z.iso.datetime().optional(),
  /** True when it was said that it has expired. */
  told: z.boolean().optional(),
  createdAt: z.iso.datetime(),
})
export type ChangeRecord = z.infer<typeof ChangeRecord>

/** Milliseconds after a change was written in which what stood there before is kept, so that it can be undone. */
export const UNDO_KEPT = 7 * 24 * 3600_000

/** True while what a change writes is kept. */
export const isKept = ({ emptiedAt }: Pick<ChangeRecord, 'emptiedAt'>): boolean => emptiedAt === undefined

/** Whether the contents of a change's writes are of use to nobody: it is at an end, and cannot be undone, or not any more. `now` in milliseconds. */
export function isSpent(change: ChangeRecord, now: number): boolean {
  const { state, undo, inverse = [], wrote = [], appliedAt, decided } = change
  if (state === 'rejected' || state === 'expired' || state === 'superseded' || state === 'undone') return true
  if (state !== 'proved' && state !== 'failed') return false
  const isUndoable = undo === undefined && inverse.length > 0 && wrote.length > 0
  return !isUndoable || now - Date.parse(appliedAt ?? decided?.at ?? change.createdAt) > UNDO_KEPT
}

/** A change without the contents of its writes: what it did to which objects stays known, and so does the diff, which holds no secrets. */
export function emptied({ inverse: _inverse, ...change }: ChangeRecord, at: string): ChangeRecord {
  const writes = change.writes.map((write) => (write.verb === 'apply' ? { ...write, manifest: '' } : write))
  return { ...change, writes, emptiedAt: at }
}

/** Stores a new change in state `proposed`. */
export async function createChange(
  records: Records,
  change: Omit<ChangeRecord, 'id' | 'state' | 'createdAt'> & { id?: string },
): Promise<ChangeRecord> {
  const record = ChangeRecord.parse({
    ...change,
    id: change.id ?? opaqueId(),
    state: 'proposed',
    createdAt: new Date().toISOString(),
  })
  await records.write(COLLECTION, record.id, record, { expected: 'absent', expiresInSeconds: KEPT_SECONDS })
  return record
}

export async function readChange(records: Records, id: string): Promise<ChangeRecord | undefined> {
  const stored = await records.read(COLLECTION, id)
  return stored && ChangeRecord.parse(stored.value)
}

/** All changes that are kept, oldest first. One that cannot be read is told to `unreadable` and left out. */
export async function listChanges(records: Records, unreadable?: Unreadable): Promise<ChangeRecord[]> {
  const changes = await listReadable(records, COLLECTION, ChangeRecord, unreadable)
  return changes.sort((one, other) => one.createdAt.localeCompare(other.createdAt))
}

/** Changes a change: `next` returns undefined to leave it; it may be called again, so it is free of effects. Undefined when there is none. */
export async function updateChange(
  records: Records,
  id: string,
  next: (change: ChangeRecord) => ChangeRecord | undefined,
): Promise<ChangeRecord | undefined> {
  return changeRecord(
    records,
    { collection: COLLECTION, id, schema: ChangeRecord, expiresInSeconds: KEPT_SECONDS },
    next,
  )
}

/** A change whose undoing came to nothing: what was proved of it before holds, and `says` tells why. Undefined where none was begun. */
export const undoFailed = (change: ChangeRecord, says: string): ChangeRecord | undefined =>
  change.undo === undefined
    ? undefined
    : { ...change, state: 'proved', undo: { ...change.undo, state: 'failed', says } }
