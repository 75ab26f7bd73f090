import { z } from 'zod'
import { retryOnConflict } from './change-record.ts'
import { ConflictError, type Records } from './records.ts'
import { isFinished, readRun } from './runs.ts'

const COLLECTION = 'claims'
const Claim = z.object({ run: z.string() })

/**
 * Claims a target for a run, so that a second question about it while one runs joins the first.
 * Resolves to the id of the run that holds the claim: `run` itself, or the one to join.
 * A claim whose run is finished or missing is taken over. Claiming again what one holds renews the expiry (default 15 minutes).
 */
export async function claimTarget(
  records: Records,
  targetKey: string,
  run: string,
  { expiresInSeconds = 15 * 60 } = {},
): Promise<string> {
  return retryOnConflict(async () => {
    const stored = await records.read(COLLECTION, targetKey)
    if (stored) {
      const holder = Claim.parse(stored.value).run
      const holding = holder === run ? undefined : await readRun(records, holder)
      if (holding && !isFinished(holding)) return holder
    }
    await records.write(COLLECTION, targetKey, { run }, { expected: stored?.version ?? 'absent', expiresInSeconds })
    return run
  })
}

/** Gives the target back if `run` holds it; else does nothing. */
export async function releaseTarget(records: Records, targetKey: string, run: string): Promise<void> {
  const stored = await records.read(COLLECTION, targetKey)
  if (!stored || Claim.parse(stored.value).run !== run) return
  try {
    await records.remove(COLLECTION, targetKey, { expected: stored.version })
  } catch (error) {
    // Renewed by this run or taken over by another meanwhile; the former is given back by its expiry or by its finished run.
    if (!(error instanceof ConflictError)) throw error
  }
}
