import { setTimeout as pause } from 'node:timers/promises'
import type { z } from 'zod'
import { ConflictError, type Records } from './records.ts'

/** Enough for hundreds of writers of one record at once; more means that something else is wrong. */
const ATTEMPTS = 200

/**
 * Runs `attempt` again as long as it rejects with ConflictError, with short random pauses.
 * The last ConflictError is passed on; so is every other error, at once.
 */
export async function retryOnConflict<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ConflictError) || tried >= ATTEMPTS) throw error
      await pause(Math.random() * Math.min(tried, 30))
    }
  }
}

/**
 * Reads a record, lets `change` make the next value of it, and writes that if nobody wrote in between; else all over again.
 * `change` returns undefined to leave the record as it is. Resolves to the value now stored, undefined when there is no record.
 */
export async function changeRecord<S extends z.ZodType>(
  records: Records,
  where: { collection: string; id: string; schema: S; expiresInSeconds?: number },
  change: (value: z.output<S>) => z.output<S> | undefined,
): Promise<z.output<S> | undefined> {
  const { collection, id, schema, expiresInSeconds } = where
  return retryOnConflict(async () => {
    const stored = await records.read(collection, id)
    if (!stored) return undefined
    const value = schema.parse(stored.value)
    const changed = change(value)
    if (changed === undefined) return value
    const next = schema.parse(changed)
    await records.write(collection, id, next, {
      expected: stored.version,
      ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }),
    })
    return next
  })
}
