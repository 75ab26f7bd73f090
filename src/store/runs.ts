import { z } from 'zod'
import { changeRecord } from './change-record.ts'
import { opaqueId } from './opaque-id.ts'
import type { Records } from './records.ts'

const COLLECTION = 'runs'
/** Counted from the last write: long enough to answer "what was that run?", short enough not to fill the store. */
const KEPT_SECONDS = 30 * 24 * 3600

/** `decide` is a press on a change: approve, reject, undo. */
export const RunKind = z.enum(['diagnose', 'status', 'doctor', 'propose', 'decide', 'log-levels', 'lend', 'follow'])
export type RunKind = z.infer<typeof RunKind>

const Subject = z.object({ kind: z.string(), namespace: z.string().exactOptional(), name: z.string() })

/** What a run was asked to do. `text` is what the person typed. */
export const RunRequest = z.object({
  kind: RunKind,
  text: z.string(),
  namespace: z.string().optional(),
  /** `key` is the same for the same object, however it was named: see claims.ts. */
  target: z.object({ key: z.string(), kind: z.string(), namespace: z.string(), name: z.string() }).optional(),
  /** propose, lend: the diagnosis whose thread it was asked in. */
  of: z.string().optional(),
  /** propose: the finding to mend, and which of several candidates. */
  finding: z.object({ code: z.string(), subject: Subject }).optional(),
  choice: z.string().optional(),
  /** propose: the change it takes the place of, and its YAML as a person edited it. decide: the change. */
  change: z.string().optional(),
  edited: z.string().optional(),
  decision: z.object({ verb: z.enum(['approve', 'reject', 'undo']), reason: z.string().optional() }).optional(),
  /** lend: loggers and levels, for how long, on how many proxies or on which pods. */
  lend: z
    .object({
      levels: z.record(z.string(), z.string()),
      minutes: z.number().optional(),
      proxies: z.number().optional(),
      pods: z.array(z.string()).optional(),
    })
    .optional(),
  /** follow: as typed after the host. */
  follow: z
    .object({ from: z.string().optional(), method: z.string().optional(), headers: z.array(z.string()).optional() })
    .optional(),
})
export type RunRequest = z.infer<typeof RunRequest>

export const RunState = z.enum(['queued', 'running', 'done', 'cancelled', 'failed'])
export type RunState = z.infer<typeof RunState>

/** One question of one person and what became of it. Times are ISO 8601; `thread` is the `ts` of the parent message. */
export const RunRecord = z.object({
  id: z.string(),
  state: RunState,
  request: RunRequest,
  asker: z.object({ team: z.string().exactOptional(), user: z.string() }),
  channel: z.string(),
  thread: z.string().optional(),
  cancelAsked: z.boolean().optional(),
  cancelAskedBy: z.string().optional(),
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().optional(),
  outcome: z.object({ verdict: z.string(), sentence: z.string() }).optional(),
})
export type RunRecord = z.infer<typeof RunRecord>

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
export async function createRun(
  records: Records,
  run: Pick<RunRecord, 'request' | 'asker' | 'channel' | 'thread'>,
): Promise<RunRecord> {
  const record = RunRecord.parse({ ...run, id: opaqueId(), state: 'queued', createdAt: new Date().toISOString() })
  await records.write(COLLECTION, record.id, record, { expected: 'absent', expiresInSeconds: KEPT_SECONDS })
  return record
}

export async function readRun(records: Records, id: string): Promise<RunRecord | undefined> {
  const stored = await records.read(COLLECTION, id)
  return stored && RunRecord.parse(stored.value)
}

/** All runs that are still kept, oldest first. For the sweep at start that puts unfinished runs back into the queue. */
export async function listRuns(records: Records): Promise<RunRecord[]> {
  const runs = (await records.list(COLLECTION)).map(({ value }) => RunRecord.parse(value))
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
export function isFinished(run: RunRecord): boolean {
  return run.state === 'done' || run.state === 'cancelled' || run.state === 'failed'
}
