import { z } from 'zod'
import { changeRecord } from './change-record.ts'
import { ConflictError, type Records } from './records.ts'

const COLLECTION = 'posts'
const KEPT_SECONDS = 30 * 24 * 3600

/**
 * One message of a run, so that nothing is posted twice after a process was killed. 'intended' is written before Slack is called (`at`:
 * when, ISO 8601; `by`: whoever is about to call), 'posted' with the `ts` after it, 'abandoned' when it could not be posted; whoever finds 'intended' waits for the
 * one that intended it, then looks into the thread before posting. `digest` is of what the message shows now.
 */
export const PostRecord = z.object({
  state: z.enum(['intended', 'posted', 'abandoned']),
  at: z.string().optional(),
  by: z.string().optional(),
  ts: z.string().optional(),
  digest: z.string().optional(),
})
export type PostRecord = z.infer<typeof PostRecord>

const idOf = (run: string, part: string): string => `${run}:${part}`

const placeOf = (run: string, part: string) => ({
  collection: COLLECTION,
  id: idOf(run, part),
  schema: PostRecord,
  expiresInSeconds: KEPT_SECONDS,
})

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
  by: string,
): Promise<{ fresh: boolean; post: PostRecord }> {
  const post: PostRecord = { state: 'intended', at: new Date().toISOString(), by }
  try {
    await records.write(COLLECTION, idOf(run, part), post, { expected: 'absent', expiresInSeconds: KEPT_SECONDS })
    return { fresh: true, post }
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    return { fresh: false, post: (await readPost(records, run, part)) ?? post }
  }
}

/** Says that whoever intended a post still is about to. @returns false when another one has taken it over, or posted it */
export async function renewPost(records: Records, run: string, part: string, by: string): Promise<boolean> {
  const post = await changeRecord(records, placeOf(run, part), (now) =>
    now.state === 'intended' && now.by === by ? { ...now, at: new Date().toISOString() } : undefined,
  )
  return post?.state === 'intended' && post.by === by
}

/** Takes over a post that another one intended (as `seen`) and did not come to. @returns false when something has happened to it since */
export async function takeOverPost(
  records: Records,
  run: string,
  part: string,
  { by, seen }: { by: string; seen: PostRecord },
): Promise<boolean> {
  const post = await changeRecord(records, placeOf(run, part), (now) =>
    now.state !== 'posted' && now.at === seen.at && now.by === seen.by
      ? { state: 'intended' as const, at: new Date().toISOString(), by }
      : undefined,
  )
  return post?.state === 'intended' && post.by === by
}

/** Says that the message is in Slack (first time), or shows something else now (later times). */
export async function confirmPost(
  records: Records,
  run: string,
  part: string,
  posted: { ts: string; digest?: string },
): Promise<void> {
  const next: PostRecord = { state: 'posted', ...posted }
  const where = placeOf(run, part)
  if (!(await changeRecord(records, where, () => next)))
    await records.write(COLLECTION, where.id, next, { expiresInSeconds: KEPT_SECONDS })
}

/** Says that a message was not posted after all, so that nobody waits for whoever intended it. */
export async function abandonPost(records: Records, run: string, part: string): Promise<void> {
  const abandoned: PostRecord = { state: 'abandoned' }
  await records.write(COLLECTION, idOf(run, part), abandoned, { expiresInSeconds: KEPT_SECONDS })
}
