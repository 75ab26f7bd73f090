import { z } from 'zod'
import { retryOnConflict } from '../store/change-record.ts'
import type { Records } from '../store/records.ts'
import { leasableOf } from './leasables.ts'
import { isUnsettled, readLease, type LeaseRecord } from './lease-record.ts'

const COLLECTION = 'lent-loggers'
/** Longer than any lease may run; a claim whose lease is over is taken over. */
const KEPT_SECONDS = 30 * 24 * 3600

/** Name of a claim to lease. */
const Claims = z.record(z.string(), z.string())

/** Who has a setting already. */
export interface Overlap {
  name: string
  lease: LeaseRecord
}

const holds = ({ proxies }: LeaseRecord, uid: string): boolean =>
  proxies.some((proxy) => proxy.uid === uid && isUnsettled(proxy))

/**
 * Claims settings of a proxy for a lease: all of them, or none and who has one. The lease is stored before: a claim of a lease that is not there
 * counts for nothing. Claiming again what one holds changes nothing.
 * @param uid of the pod
 */
export async function claimSettings(
  records: Records,
  uid: string,
  names: readonly string[],
  lease: Pick<LeaseRecord, 'id' | 'kind'>,
): Promise<Overlap | undefined> {
  const leasable = leasableOf(lease)
  return retryOnConflict(async () => {
    const stored = await records.read(COLLECTION, uid)
    const claims = stored === undefined ? {} : Claims.parse(stored.value)
    for (const name of names) {
      const holder = claims[leasable.claimOf(name)]
      if (holder === undefined || holder === lease.id) continue
      const other = await readLease(records, holder)
      if (other !== undefined && holds(other, uid)) return { name, lease: other }
    }
    const next = { ...claims, ...Object.fromEntries(names.map((name) => [leasable.claimOf(name), lease.id])) }
    await records.write(COLLECTION, uid, next, {
      expected: stored?.version ?? 'absent',
      expiresInSeconds: KEPT_SECONDS,
    })
    return undefined
  })
}
