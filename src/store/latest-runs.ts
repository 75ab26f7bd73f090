import { z } from 'zod'
import { retryOnConflict } from './change-record.ts'
import type { Records } from './records.ts'

const COLLECTION = 'latest-runs'
const KEPT_SECONDS = 30 * 24 * 3600
const Latest = z.object({ run: z.string(), at: z.string() })

/**
 * Notes that a run is the latest about something, by when it was asked for.
 * @param about what and where: `C_MESH/service/shop/catalog`
 * @returns the run that was the latest until now; undefined when there was none, or when that is the later one
 */
export async function noteLatest(
  records: Records,
  about: string,
  { id, createdAt }: { id: string; createdAt: string },
): Promise<string | undefined> {
  return retryOnConflict(async () => {
    const stored = await records.read(COLLECTION, about)
    const before = stored === undefined ? undefined : Latest.parse(stored.value)
    if (before !== undefined && (before.run === id || before.at > createdAt)) return undefined
    await records.write(
      COLLECTION,
      about,
      { run: id, at: createdAt },
      { expected: stored?.version ?? 'absent', expiresInSeconds: KEPT_SECONDS },
    )
    return before?.run
  })
}
