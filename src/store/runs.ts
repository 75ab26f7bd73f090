import { z } from 'zod'
import { changeRecord } from './change-record.ts'
import { derivedId, opaqueId } from './opaque-id.ts'
import { withPresentKind, withPresentWord } from './former-words.ts'
import { countUnreadable, listReadable, type Unreadable } from './list-readable.ts'
import { ConflictError, type Records } from './records.ts'

const COLLECTION = 'runs'
/** Counted from the last write: long enough to answer "what was that run?", short enough not to fill the store. */
const KEPT_SECONDS = 30 * 24 * 3600

/**
 * Ids of runs that are not over: a sweep that reads all runs that are kept would take longer than a store may. An id is there before its run, and is removed
 * after its end; one that is left behind is removed when it is met.
 */
const OPEN = 'open-runs'
/** Milliseconds within which a run is stored after its id. */
const BEGINS_WITHIN = 60_000
const OpenRun = z.object({ at: z.iso.datetime() })

/** The object a run is about. `key` is the same for the same object, however it was named: see claims.ts. */
export const AskedTarget = z.object({ key: z.string(), kind: z.string(), namespace: z.string(), name: z.string() })
export type AskedTarget = z.infer<typeof AskedTarget>

/** What every request has, whatever its kind; the rest of it belongs to the kind, and is kept as it is. `text` is what the person typed. */
export interface StoredRequest {
  kind: string
  text: string
  namespace?: string | undefined
  target?: AskedTarget | undefined
}
const StoredRequest: z.ZodType<StoredRequest> = z.looseObject({
  kind: z.string(),
  text: z.string(),
  namespace: z.string().optional(),
  target: AskedTarget.optional(),
})

export const RunState = z.enum(['queued', 'running', 'done', 'cancelled', 'failed'])
export type RunState = z.infer<typeof RunState>

const RunRecord = z.object({
  id: z.string(),
  state: RunState,
  request: z.preprocess(withPresentKind, StoredRequest),
  asker: z.object({ team: z.string().exactOptional(), user: z.string() }),
  channel: z.string(),
  thread: z.string().optional(),
  cancelAsked: z.boolean().optional(),
  cancelAskedBy: z.string().optional(),
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().optional(),
  outcome: z.object({ verdict: z.preprocess(withPresentWord, z.string()), sentence: z.string() }).optional(),
})

/** One question of one person and what became of it. Times are ISO 8601; `thread` is the `ts` of the parent message. */
export type RunRecord<R extends StoredRequest = StoredRequest> = Omit<z.infer<typeof RunRecord>, 'request'> & {
  request: R
}

export class RunMissingError extends Error {
  override readonly name = 'RunMissingError'
  readonly code = 'run-missing'
  readonly run: string

  constructor(run: string) {
    super(`There is no run ${run}.`)
    this.run = run
  }
}

/** Stores a new run in state 'queued'. Create the run before claiming its target: a claim of a run that is missing is taken over. */
export async function createRun<R extends StoredRequest>(
  records: Records,
  run: Pick<RunRecord<R>, 'request' | 'asker' | 'channel' | 'thread'>,
): Promise<RunRecord<R>> {
  return writeRun(records, opaqueId(), run)
}

/** The id of the run that one request begins, also before it does. */
export const runIdOf = (asked: string): string => derivedId(`run:${asked}`)

/**
 * As createRun, for what may be done again: the run of one request is stored once.
 * @param asked tells the request from all others
 * @returns the run, and whether it was there before
 */
export async function createRunOnce<R extends StoredRequest>(
  records: Records,
  asked: string,
  run: Pick<RunRecord<R>, 'request' | 'asker' | 'channel' | 'thread'>,
): Promise<{ run: RunRecord; isAgain: boolean }> {
  const id = runIdOf(asked)
  try {
    return { run: await writeRun(records, id, run), isAgain: false }
  } catch (error) {
    const known = error instanceof ConflictError ? await readRun(records, id) : undefined
    if (known === undefined) throw error
    return { run: known, isAgain: true }
  }
}

async function writeRun<R extends StoredRequest>(
  records: Records,
  id: string,
  run: Pick<RunRecord<R>, 'request' | 'asker' | 'channel' | 'thread'>,
): Promise<RunRecord<R>> {
  const record = RunRecord.parse({ ...run, id, state: 'queued', createdAt: new Date().toISOString() })
  await noteOpen(records, id)
  await records.write(COLLECTION, id, record, { expected: 'absent', expiresInSeconds: KEPT_SECONDS })
  return { ...record, request: run.request }
}

/** Lets a run that is over, or that is not kept any more, be carried out again; one that is under way stays as it is. */
export async function reopenRun<R extends StoredRequest>(
  records: Records,
  run: Pick<RunRecord<R>, 'id' | 'request' | 'asker' | 'channel' | 'thread'>,
): Promise<void> {
  const where = { collection: COLLECTION, id: run.id, schema: RunRecord, expiresInSeconds: KEPT_SECONDS }
  await noteOpen(records, run.id)
  const known = await changeRecord(records, where, ({ finishedAt: _at, outcome: _outcome, ...now }) =>
    isFinished(now) ? { ...now, state: 'queued' as const } : undefined,
  )
  // Whoever ended it may have removed its id meanwhile.
  if (known !== undefined) return noteOpen(records, run.id)
  const record = RunRecord.parse({ ...run, state: 'queued', createdAt: new Date().toISOString() })
  await records.write(COLLECTION, run.id, record, { expected: 'absent', expiresInSeconds: KEPT_SECONDS })
}

export async function readRun(records: Records, id: string): Promise<RunRecord | undefined> {
  const stored = await records.read(COLLECTION, id)
  return stored && RunRecord.parse(stored.value)
}

/** All runs that are still kept, oldest first. One that cannot be read, of another version say, is told to `unreadable` and left out. */
export async function listRuns(records: Records, unreadable?: Unreadable): Promise<RunRecord[]> {
  const runs = await listReadable(records, COLLECTION, RunRecord, unreadable)
  return runs.sort((one, other) => one.createdAt.localeCompare(other.createdAt))
}

/**
 * Changes a run: `change` gets the stored run and returns the next one, or undefined to leave it. It is called again when somebody
 * else wrote in between, so it must be free of effects. Resolves to the run as stored; RunMissingError when there is none.
 */
export async function updateRun(
  records: Records,
  id: string,
  change: (run: RunRecord) => RunRecord | undefined,
): Promise<RunRecord> {
  const run = await changeRecord(
    records,
    { collection: COLLECTION, id, schema: RunRecord, expiresInSeconds: KEPT_SECONDS },
    change,
  )
  if (!run) throw new RunMissingError(id)
  // What the store does not take now, a sweep does.
  if (isFinished(run)) await records.remove(OPEN, id).catch(() => undefined)
  return run
}

const noteOpen = async (records: Records, id: string): Promise<void> => {
  await records.write(OPEN, id, { at: new Date().toISOString() }, { expiresInSeconds: KEPT_SECONDS })
}

/** The runs that are not over, oldest first; however many are kept that are. */
export async function listOpenRuns(records: Records, unreadable?: Unreadable): Promise<RunRecord[]> {
  const open: RunRecord[] = []
  let odd = 0
  for (const { id, value } of await records.list(OPEN)) {
    const stored = await records.read(COLLECTION, id)
    const read = RunRecord.safeParse(stored?.value)
    if (stored !== undefined && !read.success) {
      odd += 1
      unreadable?.(id, read.error)
    }
    if (read.success && !isFinished(read.data)) open.push(read.data)
    else if (read.success || (stored === undefined && isLeftBehind(value))) await records.remove(OPEN, id)
  }
  countUnreadable(COLLECTION, odd)
  return open.sort((one, other) => one.createdAt.localeCompare(other.createdAt))
}

function isLeftBehind(value: unknown): boolean {
  const { success, data } = OpenRun.safeParse(value)
  return !success || Date.now() - Date.parse(data.at) > BEGINS_WITHIN
}

/** Notes which runs are not over, or cannot be read, of a store that an earlier version wrote. */
export async function noteOpenRuns(records: Records): Promise<void> {
  const odd: string[] = []
  const runs = await listRuns(records, (id) => odd.push(id))
  for (const id of [...odd, ...runs.filter((run) => !isFinished(run)).map((run) => run.id)]) await noteOpen(records, id)
}

/** True when nothing more will happen to the run. */
export function isFinished({ state }: Pick<RunRecord, 'state'>): boolean {
  return state === 'done' || state === 'cancelled' || state === 'failed'
}
