import { z } from 'zod'
import { changeRecord } from './change-record.ts'
import { listReadable, type Unreadable } from './list-readable.ts'
import { opaqueId } from './opaque-id.ts'
import { ConflictError, type Records } from './records.ts'

const WAITING = 'alert-deliveries'
const SEEN = 'alert-deliveries-seen'
/** Longer than anybody sends the same again: PagerDuty tries for 48 h. */
const SEEN_SECONDS = 7 * 24 * 3600
const WAITING_SECONDS = 7 * 24 * 3600

/** What a sender of alerts posted, between its answer and its handling. `content` is whatever the reader makes of it. */
const DeliveryRecord = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  content: z.unknown(),
  heldUntil: z.iso.datetime(),
  /** How often its handling was begun. */
  begun: z.number(),
  taker: z.string().optional(),
})
export type DeliveryRecord = z.infer<typeof DeliveryRecord>

const until = (milliseconds: number): string => new Date(Date.now() + milliseconds).toISOString()

/**
 * Stores what was posted, before it is answered.
 * @param id the same for what is sent again
 * @param hold milliseconds for which this process handles it
 * @returns false when the same was stored before
 * @throws StoreUnavailableError
 */
export async function keepDelivery(records: Records, id: string, content: unknown, hold: number): Promise<boolean> {
  const delivery: DeliveryRecord = { id, at: new Date().toISOString(), content, heldUntil: until(hold), begun: 1 }
  if (!(await isWritten(records, WAITING, id, delivery, WAITING_SECONDS))) return false
  // The mark comes second: without it what was stored is handled all the same.
  if (await isWritten(records, SEEN, id, {}, SEEN_SECONDS)) return true
  await records.remove(WAITING, id)
  return false
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

/** Says that a delivery is handled; that it was received stays known. */
export async function endDelivery(records: Records, id: string): Promise<void> {
  await records.remove(WAITING, id)
}

/** Takes a delivery over that no process handles any more. @returns undefined when another one was faster, or it is handled */
export async function takeOverDelivery(
  records: Records,
  id: string,
  hold: number,
): Promise<DeliveryRecord | undefined> {
  const taker = opaqueId()
  const where = { collection: WAITING, id, schema: DeliveryRecord, expiresInSeconds: WAITING_SECONDS }
  const taken = await changeRecord(records, where, (now) =>
    Date.parse(now.heldUntil) > Date.now()
      ? undefined
      : { ...now, heldUntil: until(hold), begun: now.begun + 1, taker },
  )
  return taken?.taker === taker ? taken : undefined
}

/** Deliveries that are not handled yet. */
export const listDeliveries = (records: Records, unreadable?: Unreadable): Promise<DeliveryRecord[]> =>
  listReadable(records, WAITING, DeliveryRecord, unreadable)
