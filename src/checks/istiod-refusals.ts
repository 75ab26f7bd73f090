import type { Evidence } from '../evidence/evidence.ts'
import type { Proof } from './check.ts'
import { proof } from './check.ts'

/**
 * The last refusal that an istiod logged: `refusalIn` takes one out of a message, `isMeant` says whether it is about what is asked, and `says` goes
 * into the proof behind istiod's name. Messages before `moment` (milliseconds since the epoch) are left out.
 */
export function lastRefusal<R extends { reason: string }>(
  evidence: Evidence,
  refusalIn: (message: string) => R | undefined,
  isMeant: (refusal: R) => boolean,
  { says, moment = 0 }: { says: string; moment?: number },
): { reason: string; proof: Proof } | undefined {
  for (const reading of evidence.seen('istiod-log')) {
    const refusals = reading.value
      .filter(({ at }) => Date.parse(at) >= moment)
      .flatMap(({ message }) => {
        const refusal = refusalIn(message)
        return refusal === undefined ? [] : [{ message, refusal }]
      })
    const last = refusals.findLast(({ refusal }) => isMeant(refusal))
    if (last !== undefined)
      return {
        reason: last.refusal.reason,
        proof: proof(reading, `${reading.of?.name ?? 'istiod'} ${says}`, last.message),
      }
  }
  return undefined
}
