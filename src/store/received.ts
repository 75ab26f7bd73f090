import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { changeRecord, retryOnConflict } from './change-record.ts'
import { listReadable, type Unreadable } from './list-readable.ts'
import { opaqueId } from './opaque-id.ts'
import { ConflictError, StoreUnavailableError, type Records } from './records.ts'

const COLLECTION = 'received'
/** One record for each request that was accepted, for as long as it may be sent again: Slack repeats what it takes for lost, and a signed request stays valid for five minutes. */
const SEEN = 'events'
const SEEN_SECONDS = 3600
/** What nobody could handle for so long is answered by nobody any more. */
const KEPT_SECONDS = 3600
/** Milliseconds before a mark whose answer was lost is written again. */
const MARK_AGAIN = 50

const ReceivedRecord = z.object({
  id: z.string(),
  /** What was asked; whoever handles it knows its form. */
  content: z.unknown(),
  receivedAt: z.iso.datetime(),
  /** Until when a process has said that it handles it. */
  heldUntil: z.iso.datetime(),
  /** How many processes have begun to. */
  begun: z.number(),
  /** Tells who took it over last from others who tried. */
  taker: z.string().optional(),
})
/** A request that was acknowledged and is not handled yet. */
export type ReceivedRecord = z.infer<typeof ReceivedRecord>

/** The acceptance mark of a request: who set it, or that it was refused and can't be accepted by whoever tried to before. */
const Mark = z.object({ by: z.string().optional(), isRefused: z.boolean().optional() })

const until = (milliseconds: number): string => new Date(Date.now() + milliseconds).toISOString()

/**
 * Keeps a request before it is acknowledged: first the request, then the mark that it is accepted. A request without its mark is never worked on.
 * A mark whose answer is lost is tried again while the person waits.
 * @param id what Slack gives each request once
 * @param hold milliseconds for which this process says that it handles it
 * @param mayMark asked just before each time that the mark is written: false when the person has been told meanwhile that it is not accepted. Once it was true
 * and this function rejects, it is not known whether the request is accepted; `isAcceptedElseRefuse` makes it known
 * @returns false for one that was received before
 */
export async function keepReceived(
  records: Records,
  id: string,
  content: unknown,
  hold: number,
  mayMark: () => boolean = () => true,
): Promise<boolean> {
  const record = (): ReceivedRecord => ({
    id,
    content,
    receivedAt: new Date().toISOString(),
    heldUntil: until(hold),
    begun: 1,
  })
  const isFirst = await isWritten(records, COLLECTION, id, record(), KEPT_SECONDS)
  const by = opaqueId()
  let isAccepted: boolean | undefined
  for (let lost: StoreUnavailableError | undefined; isAccepted === undefined;) {
    if (!mayMark()) {
      if (lost !== undefined) throw lost
      if (isFirst) await records.remove(COLLECTION, id)
      return false
    }
    try {
      isAccepted = await isMarked(records, id, by, mayMark)
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error
      lost = error
      await pause(MARK_AGAIN)
    }
  }
  // Another process has left it there and died before it was accepted: Slack sends it again.
  if (isAccepted && !isFirst) await records.write(COLLECTION, id, record(), { expiresInSeconds: KEPT_SECONDS })
  if (!isAccepted && isFirst) await records.remove(COLLECTION, id)
  return isAccepted
}

/** Marks a request as accepted; one that was refused only when Slack sends it again. @returns false when another one has, or it was refused */
async function isMarked(records: Records, id: string, by: string, mayMark: () => boolean): Promise<boolean> {
  if (await isWritten(records, SEEN, id, { by }, SEEN_SECONDS)) return true
  return retryOnConflict(async () => {
    const stored = await records.read(SEEN, id)
    const mark = Mark.parse(stored?.value ?? {})
    if (stored === undefined || mark.isRefused !== true) return mark.by === by
    if (!mayMark()) return false
    await records.write(SEEN, id, { by }, { expected: stored.version, expiresInSeconds: SEEN_SECONDS })
    return true
  })
}

/** Refuses a request for good unless it was accepted: a mark that is still on its way to the store finds another one there. @returns whether it was accepted */
export async function isAcceptedElseRefuse(records: Records, id: string): Promise<boolean> {
  if (await isWritten(records, SEEN, id, { isRefused: true }, SEEN_SECONDS)) return false
  return retryOnConflict(async () => {
    const stored = await records.read(SEEN, id)
    if (stored !== undefined && Mark.parse(stored.value).isRefused !== true) return true
    const expected = stored?.version ?? 'absent'
    await records.write(SEEN, id, { isRefused: true }, { expected, expiresInSeconds: SEEN_SECONDS })
    return false
  })
}

async function isWritten(
  records: Records,
  collection: string,
  id: string,
  value: unknown,
  expiresInSeconds: number,
): Promise<boolean> {
  try {
    await records.write(collection, id, value, { expected: 'absent', expiresInSeconds, isWaitedFor: true })
    return true
  } catch (error) {
    if (error instanceof ConflictError) return false
    throw error
  }
}

const where = (
  id: string,
): { collection: string; id: string; schema: typeof ReceivedRecord; expiresInSeconds: number } => ({
  collection: COLLECTION,
  id,
  schema: ReceivedRecord,
  expiresInSeconds: KEPT_SECONDS,
})

/** Says that this process still handles a request. */
export async function holdReceived(records: Records, id: string, hold: number): Promise<void> {
  await changeRecord(records, where(id), (record) => ({ ...record, heldUntil: until(hold) }))
}

/** Takes a request over that no process handles any more. @returns undefined when another one was faster, or it is handled */
export async function takeOverReceived(
  records: Records,
  id: string,
  hold: number,
): Promise<ReceivedRecord | undefined> {
  const taker = opaqueId()
  const record = await changeRecord(records, where(id), (now) =>
    Date.parse(now.heldUntil) > Date.now()
      ? undefined
      : { ...now, heldUntil: until(hold), begun: now.begun + 1, taker },
  )
  return record?.taker === taker ? record : undefined
}

/** The request is answered, or belongs to a run that will be. */
export async function forgetReceived(records: Records, id: string): Promise<void> {
  await records.remove(COLLECTION, id)
}

/** Requests that are not handled yet. */
export function listReceived(records: Records, unreadable?: Unreadable): Promise<ReceivedRecord[]> {
  return listReadable(records, COLLECTION, ReceivedRecord, unreadable)
}
