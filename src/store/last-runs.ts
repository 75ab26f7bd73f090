import { z } from 'zod'
import { retryOnConflict } from './change-record.ts'
import type { Records } from './records.ts'
import { readRun, type RunRecord } from './runs.ts'

const COLLECTION = 'last-runs'
/** Runs that are remembered of one person, channel or target. */
export const MOST_REMEMBERED = 30
/** As long as runs are kept. */
const KEPT_SECONDS = 30 * 24 * 3600

const LastRuns = z.object({ runs: z.array(z.string()) })

/** Whose runs: those that a person asked for, those asked for in a channel, those about a target (by its key). */
export type RunsOf = { user: string } | { channel: string } | { target: string }

const idOf = (of: RunsOf): string =>
  Object.entries(of)
    .map(([what, id]) => `${what}:${id}`)
    .join('')

/**
 * Remembers a run as the last of its person, its channel and its target: what is asked for often is found without reading every run that is kept.
 * @throws StoreUnavailableError
 */
export async function noteLastRun(records: Records, { id, asker, channel, request }: RunRecord): Promise<void> {
  const all: RunsOf[] = [
    { user: asker.user },
    { channel },
    ...(request.target === undefined ? [] : [{ target: request.target.key }]),
  ]
  for (const of of all) await remember(records, of, id)
}

const remember = (records: Records, of: RunsOf, run: string): Promise<void> =>
  retryOnConflict(async () => {
    const stored = await records.read(COLLECTION, idOf(of))
    // What another version wrote otherwise is begun anew.
    const runs = LastRuns.safeParse(stored?.value).data?.runs ?? []
    if (runs.includes(run)) return
    await records.write(
      COLLECTION,
      idOf(of),
      { runs: [...runs, run].slice(-MOST_REMEMBERED) },
      { expected: stored?.version ?? 'absent', expiresInSeconds: KEPT_SECONDS },
    )
  })

/** The last runs, newest first, at most MOST_REMEMBERED; one that is not kept any more, or cannot be read, is left out. */
export async function lastRuns(records: Records, of: RunsOf): Promise<RunRecord[]> {
  const stored = await records.read(COLLECTION, idOf(of))
  const ids = LastRuns.safeParse(stored?.value).data?.runs ?? []
  const runs = await Promise.all(ids.toReversed().map((id) => readRun(records, id).catch(() => undefined)))
  return runs.filter((run) => run !== undefined).toSorted((one, other) => other.createdAt.localeCompare(one.createdAt))
}
