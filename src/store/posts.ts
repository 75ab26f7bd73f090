import { z } from 'zod'
import { changeRecord } from './change-record.ts'
import { ConflictError, type Records } from './records.ts'

const COLLECTION = 'posts'
const KEPT_SECONDS = 30 * 24 * 3600

/**
 * One message of a run, so that nothing is posted twice after a worker was killed. 'intended' is written before Slack is called,
 * 'posted' with the `ts` after it; whoever finds 'intended' looks into the thread before posting. `digest` is of what the message shows now.
 */
export const PostRecord = z.object({
  state: z.enum(['intended', 'posted']),
  ts: z.string().optional(),
  digest: z.string().optional(),
})
export type PostRecord = z.infer<typeof PostRecord>

const idOf = (run: string, part: string): string => `${run}:${part}`

/** `part` names the message within its run: 'parent', 'report', … */
export async function readPost(records: Records, run: string, part: string): Promise<PostRecord | undefined> {
  const stored = await records.read(COLLECTION, idOf(run, part))
  return stored && PostRecord.parse(stored.value)
}

/** Says that the message will now be posted. `fresh` is true for the one caller that may post without looking; `post` is what is stored. */
export async function intendPost(
  records: Records,
  run: string,
  part: string,
): Promise<{ fresh: boolean; post: PostRecord }> {
  const post: PostRecord = { state: 'intended' }
  try {
    await records.write(COLLECTION, idOf(run, part), post, { expected: 'absent', expiresInSeconds: KEPT_SECONDS })
    return { fresh: true, post }
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    return { fresh: false, post: (await readPost(records, run, part)) ?? post }
  }
}

/** Says that the message is in Slack (first time), or shows something else now (later times). */
export async function confirmPost(
  records: Records,
  run: string,
  part: string,
  posted: { ts: string; digest?: string },
): Promise<void> {
  const next: PostRecord = { state: 'posted', ...posted }
  const where = { collection: COLLECTION, id: idOf(run, part), schema: PostRecord, expiresInSeconds: KEPT_SECONDS }
  if (!(await changeRecord(records, where, () => next)))
    await records.write(COLLECTION, where.id, next, { expiresInSeconds: KEPT_SECONDS })
}
