import { LeaseRefusedError } from '../leases/lease-refused.ts'
import { leaseWords } from '../leases/lease-words.ts'
import type { LeaseRecord } from '../leases/lease-record.ts'
import { putBack } from '../leases/put-back.ts'
import { raise, type LeaseRequest } from '../leases/raise.ts'
import { recordAuditOnce } from '../store/audit.ts'
import type { RunRecord } from '../store/runs.ts'
import { RunCancelledError } from './cancel-watch.ts'
import type { CapabilityDeps } from './deps.ts'

/**
 * Raises what a run asks for, in a lease that has the run's id. May be called again at any moment. A refusal is recorded, with these facts; what a run that
 * is cancelled half-way, or while `raised` is at work, has set is put back before anything is said.
 * @throws LeaseRefusedError when nothing at all was raised: the reasons
 */
export async function makeLease(
  deps: CapabilityDeps,
  run: RunRecord,
  {
    request,
    facts,
    raised,
  }: {
    request: () => Promise<LeaseRequest>
    facts: Record<string, unknown>
    raised?: (lease: LeaseRecord) => Promise<void>
  },
  signal: AbortSignal,
): Promise<LeaseRecord> {
  try {
    const lease = await raise(deps, await request(), signal)
    requireRaised(lease)
    await raised?.(lease)
    return lease
  } catch (error) {
    if (error instanceof LeaseRefusedError)
      await recordAuditOnce(deps.records, run.id, {
        event: 'lease-refused',
        by: run.asker,
        run: run.id,
        ...(run.request.target !== undefined && { target: run.request.target.key }),
        facts: { ...facts, why: error.message },
      })
    if (signal.reason instanceof RunCancelledError)
      await putBack(deps, run.id, { why: 'put back', by: signal.reason.by }, new AbortController().signal)
    throw error
  }
}

function requireRaised(lease: LeaseRecord): void {
  const { state, ended, proxies } = lease
  if (state !== 'over' || ended?.why !== 'failed' || !proxies.every(({ state: each }) => each === 'refused')) return
  throw new LeaseRefusedError(
    `${leaseWords(lease).nothing} ${proxies.map(({ pod, says = 'it could not be set' }) => `${pod.name}: ${says}`).join('; ')}.`,
  )
}
