import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { z } from 'zod'
import type { Records } from '../store/records.ts'
import type { StoredAnswer } from './capability.ts'

const COLLECTION = 'answers'
/** As long as the buttons under an answer work. */
export const ANSWER_KEPT_SECONDS = 7 * 24 * 3600
/** Bytes after compression; a larger answer is worked out again instead of being kept. */
const MOST_BYTES = 4 * 1024 * 1024

const Kept = z.object({ gzip: z.base64() })

const pack = promisify(gzip)
const unpack = promisify(gunzip)

/**
 * Keeps what a run found before it is told, so that another worker can go on telling, and buttons can show it again.
 * @returns false when it is too large to be kept
 */
export async function keepAnswer(records: Records, run: string, answer: StoredAnswer): Promise<boolean> {
  const packed = await pack(JSON.stringify(answer))
  if (packed.length > MOST_BYTES) return false
  await records.write(COLLECTION, run, { gzip: packed.toString('base64') }, { expiresInSeconds: ANSWER_KEPT_SECONDS })
  return true
}

/** What a run found, if it got that far and it was kept; undefined also for one of another kind or version. */
export async function keptAnswer<A>(records: Records, run: string, shape: z.ZodType<A>): Promise<A | undefined> {
  const stored = await records.read(COLLECTION, run)
  if (stored === undefined) return undefined
  const text = await unpack(Buffer.from(Kept.parse(stored.value).gzip, 'base64'))
  return shape.safeParse(JSON.parse(text.toString('utf8'))).data
}

/** Deletes what a run has kept. @returns false when nothing was kept */
export const forgetAnswer = (records: Records, run: string): Promise<boolean> => records.remove(COLLECTION, run)
