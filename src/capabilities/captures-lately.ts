import { z } from 'zod'
import { capturedOf, type CapturedPackets } from '../capture/captured.ts'
import { retryOnConflict } from '../store/change-record.ts'
import type { Records } from '../store/records.ts'
import { readRun } from '../store/runs.ts'
import { ExplainedAnswer, type CaptureAnswer } from './capture-answer.ts'
import { keptAnswer } from './kept-answer.ts'

const COLLECTION = 'captures-lately'
/** Seconds in which a capture says something of now. */
const LATELY = 3600
const MOST = 20

const Lately = z.object({
  captures: z.array(z.object({ run: z.string(), thread: z.string().optional(), at: z.iso.datetime() })),
})

/** Notes that a run has captured packets, for diagnoses in its channel. */
export async function noteCapture(records: Records, channel: string, run: string): Promise<void> {
  const { thread } = (await readRun(records, run)) ?? {}
  await retryOnConflict(async () => {
    const stored = await records.read(COLLECTION, channel)
    const { captures = [] } = stored === undefined ? {} : (Lately.safeParse(stored.value).data ?? {})
    if (captures.some((one) => one.run === run)) return
    const noted = { run, at: new Date().toISOString(), ...(thread !== undefined && { thread }) }
    await records.write(
      COLLECTION,
      channel,
      { captures: [...captures, noted].slice(-MOST) },
      { expected: stored?.version ?? 'absent', expiresInSeconds: LATELY },
    )
  })
}

/** What captures of a channel within the last hour have shown, those of a thread first; one that was deleted is not among them. `now` in milliseconds. */
export const capturesLately = async (...asked: Parameters<typeof answersLately>): Promise<CapturedPackets[]> =>
  (await answersLately(...asked)).map((one) => {
    const [namespace = '', name = ''] = one.pod.split('/')
    return capturedOf(one.report, { namespace, name }, one.plan)
  })

/** The same, whole. */
export async function answersLately(
  records: Records,
  { channel, thread }: { channel: string; thread?: string | undefined },
  now: number,
): Promise<CaptureAnswer[]> {
  const stored = await records.read(COLLECTION, channel)
  const { captures = [] } = stored === undefined ? {} : (Lately.safeParse(stored.value).data ?? {})
  const late = captures
    .filter(({ at }) => now - Date.parse(at) <= LATELY * 1000)
    .toSorted((a, b) => Number(b.thread === thread) - Number(a.thread === thread) || b.at.localeCompare(a.at))
  const kept = await Promise.all(late.map(({ run }) => keptAnswer(records, run, ExplainedAnswer)))
  return kept.filter((one) => one !== undefined)
}
