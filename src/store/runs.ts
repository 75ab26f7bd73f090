import { z } from 'zod'
import { changeRecord } from './change-record.ts'
import { derivedId, opaqueId } from './opaque-id.ts'
import { listReadable, type Unreadable } from './list-readable.ts'
import { ConflictError, type Records } from './records.ts'

const COLLECTION = 'runs'
/** Counted from the last write: long enough to answer "what was that run?", short enough not to fill the store. */
const KEPT_SECONDS = 30 * 24 * 3600

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
  request: StoredRequest,
  asker: z.object({ team: z.string().exactOptional(), user: z.string() }),
  channel: z.string(),
  thread: z.string().optional(),
  cancelAsked: z.boolean().optional(),
  cancelAskedBy: z.string().optional(),
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().optional(),
  outcome: z.object({ verdict: z.string(), sentence: z.string() }).optional(),
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
  const id = derivedId(`run:${asked}`)
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
  await records.write(COLLECTION, id, record, { expected: 'absent', expiresInSeconds: KEPT_SECONDS })
  return { ...record, request: run.request }
}

/** Lets a run that is over, or that is not kept any more, be carried out again; one that is under way stays as it is. */
export async function reopenRun<R extends StoredRequest>(
  records: Records,
  run: Pick<RunRecord<R>, 'id' | 'request' | 'asker' | 'channel' | 'thread'>,
): Promise<void> {
  const where = { collection: COLLECTION, id: run.id, schema: RunRecord, expiresInSeconds: KEPT_SECONDS }
  const known = await changeRecord(records, where, ({ finishedAt: _at, outcome: _outcome, ...now }) =>
    isFinished(now) ? { ...now, state: 'queued' as const } : undefined,
  )
  if (known !== undefined) return
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
  return run
}

/** True when nothing more will happen to the run. */
export function isFinished({ state }: Pick<RunRecord, 'state'>): boolean {
  return state === 'done' || state === 'cancelled' || state === 'failed'
}
