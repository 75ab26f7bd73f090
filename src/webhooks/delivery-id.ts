import { createHash } from 'node:crypto'
import type { AlertNotification } from '../alerts/alert.ts'
import { derivedId } from '../store/opaque-id.ts'

/** The same for what says the same, however often it is sent: which alerts of which group are in which state since when. */
export function deliveryId({ source, receiver, groupKey, alerts }: AlertNotification): string {
  const state = alerts
    .map(({ fingerprint, startsAt, status, endsAt }) => JSON.stringify([fingerprint, startsAt, status, endsAt ?? '']))
    .toSorted()
  const digest = createHash('sha256')
  for (const part of [source, receiver, groupKey, ...state]) digest.update(`${part.length}:${part}`)
  return derivedId(`alerts:${digest.digest('hex')}`)
}
