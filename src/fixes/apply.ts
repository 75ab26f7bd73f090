import type { KubernetesObject } from '../mesh/objects.ts'
import type { Records } from '../store/records.ts'
import type { Identity } from './identity.ts'
import { digestOf } from './digest.ts'
import { inverseOf } from './inverse.ts'
import { grantPermit } from './permit.ts'
import type { Version, Write } from './proposal.ts'
import { versionOf } from './proposal.ts'
import { updateChange, type ChangeRecord } from './record.ts'
import { WriteError, type ClusterWriter } from './cluster-writer.ts'
import { defined } from '../mesh/defined.ts'

export interface ApplyDeps {
  records: Records
  writer: ClusterWriter
}

/** The writes of a record, without the undefined properties that its schema allows. */
export function writesOf(stored: ChangeRecord['writes']): Write[] {
  return JSON.parse(JSON.stringify(stored)) as Write[]
}

const save = async (records: Records, id: string, facts: Partial<ChangeRecord>): Promise<ChangeRecord> => {
  const saved = await updateChange(records, id, (change) => ({ ...change, ...facts }))
  if (saved === undefined) throw new Error(`change ${id} is gone`)
  return saved
}

/**
 * Makes the writes of an approved change, in their order, each once, whichever workers try: first notes what would take them back, then
 * writes, then notes what was written.
 * @throws WriteError; then what was written so far is in the record
 */
export async function applyChange(
  { records, writer }: ApplyDeps,
  approved: ChangeRecord,
  signal: AbortSignal,
): Promise<ChangeRecord> {
  const { as, id } = approved
  if (as === undefined) throw new TypeError(`change ${id} was not approved`)
  const writes = writesOf(approved.writes)
  if (digestOf(writes) !== approved.digest)
    throw new WriteError('refused', 'what is stored is not what was approved: its digest differs; propose it again')
  let change = approved
  if (change.state === 'approved') {
    const [inverse] = await Promise.all([
      inverses(writer, writes, signal),
      rehearsed(writer, writes, as, change.force, signal),
    ])
    change = await save(records, id, { state: 'applying', inverse })
  }
  const permit = grantPermit({ change: id, writes, as, force: change.force })
  for (let index = (change.wrote ?? []).length; index < writes.length; index += 1) {
    const write = writes[index]
    if (write === undefined) break
    const { object } = await writer.write(permit, index, signal)
    const version = versionIn(object)
    change = await save(records, id, {
      wrote: [...(change.wrote ?? []), { ref: write.ref, ...defined({ version }), at: new Date().toISOString() }],
    })
  }
  return save(records, id, { state: 'applied', appliedAt: change.wrote?.at(-1)?.at ?? new Date().toISOString() })
}

const versionIn = (object: KubernetesObject | undefined): Version | undefined =>
  object === undefined ? undefined : versionOf(object)

/** A dry run of every write in the approver's name: a change of several parts is not begun when one of them would be refused. @throws WriteError */
async function rehearsed(
  writer: ClusterWriter,
  writes: readonly Write[],
  as: Identity,
  force: boolean,
  signal: AbortSignal,
): Promise<void> {
  for (const write of writes) await writer.rehearse(write, as, { force, signal })
}

/** What takes the writes back, in the order to do it; those that nothing takes back are left out. @throws WriteError `moved` */
async function inverses(writer: ClusterWriter, writes: readonly Write[], signal: AbortSignal): Promise<Write[]> {
  const found: Write[] = []
  for (const write of writes) {
    const before = await writer.read(write.ref, write.apiVersion, signal)
    const inverse = inverseOf(write, before)
    if (inverse !== undefined) found.unshift(inverse)
  }
  return found
}

/**
 * Takes a change back, by the inverse that was noted before it was written; objects that somebody else changed since are left alone.
 * @throws WriteError; `moved` when somebody has changed an object since
 */
export async function takeBack(
  { records, writer }: ApplyDeps,
  undoing: ChangeRecord,
  signal: AbortSignal,
): Promise<ChangeRecord> {
  const { id, undo, inverse = [], wrote = [] } = undoing
  if (undo === undefined) throw new TypeError(`change ${id} is not being undone`)
  const writes = writesOf(inverse).flatMap((write): Write[] => {
    const done = wrote.find(
      ({ ref }) => ref.kind === write.ref.kind && ref.namespace === write.ref.namespace && ref.name === write.ref.name,
    )
    // A write that was never made has nothing to take back.
    return done === undefined ? [] : [pinned(write, done.version)]
  })
  const permit = grantPermit({ change: id, writes, as: undo.as, force: true, undoes: true })
  for (let index = 0; index < writes.length; index += 1) await writer.write(permit, index, signal)
  return save(records, id, { state: 'undone', undo: { ...undo, state: 'undone' } })
}

/** The inverse write, for the object as the change left it. */
function pinned(write: Write, version: ChangeRecord['writes'][number]['was'] | undefined): Write {
  if (version === undefined || version === 'absent') return write.verb === 'apply' ? { ...write, was: 'absent' } : write
  const was: Version = {
    uid: version.uid,
    resourceVersion: version.resourceVersion,
    ...defined({ generation: version.generation }),
  }
  return { ...write, was }
}

/** True for an error after which nothing is known of a write: trying again is safe. */
export const isUncertain = (error: unknown): boolean => error instanceof WriteError && error.reason === 'unavailable'
