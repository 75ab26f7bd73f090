import { recordAudit } from '../store/audit.ts'
import type { Records } from '../store/records.ts'
import { updateLease, type LeaseRecord } from './lease-record.ts'
import { LeaseRefusedError } from './lease-refused.ts'
import { leaseWords } from './lease-words.ts'
import { requireMinutes } from './raise.ts'

/**
 * Extends a lease that runs: `minutes` counted anew from now.
 * @param by who asked for it
 * @throws LeaseRefusedError when it does not run any more, or for more minutes than the limit
 */
export async function extendLease(
  records: Records,
  id: string,
  { minutes, most, by }: { minutes: number; most: number; by: LeaseRecord['by'] },
): Promise<LeaseRecord> {
  requireMinutes(minutes, most)
  const asked = new Date(Date.now() + minutes * 60_000).toISOString()
  const lease = await updateLease(records, id, (now) =>
    now.state === 'raised' && Date.parse(now.until) > Date.now() && asked > now.until
      ? { ...now, until: asked }
      : undefined,
  )
  if (lease === undefined) throw new LeaseRefusedError('This lease is no longer known.', ['Ask for it again.'])
  if (lease.state !== 'raised' || Date.parse(lease.until) <= Date.now())
    throw new LeaseRefusedError(
      lease.state === 'raising'
        ? `${leaseWords(lease).titles.raising}: try again in a moment.`
        : `It is already over: ${leaseWords(lease).whenOver}.`,
      [leaseWords(lease).again],
    )
  if (lease.until === asked)
    await recordAudit(records, {
      event: 'lease-extended',
      by,
      run: lease.run,
      target: lease.target,
      facts: { lease: id, until: asked },
    })
  return lease
}
