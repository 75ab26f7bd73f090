import { UnseenError } from '../evidence/clients/clients.ts'
import { recordAuditOnce } from '../store/audit.ts'
import type { Records } from '../store/records.ts'
import { clusterId } from './cluster-id.ts'
import {
  isUnsettled,
  readLease,
  updateLease,
  updateProxy,
  type LeaseRecord,
  type LeaseProxy,
  type Settings,
} from './lease-record.ts'
import type { LeaseDeps } from './lease-deps.ts'
import { leasableOf } from './leasables.ts'
import { leaseWords } from './lease-words.ts'
import { withProxyLock, type ProxyLock } from './proxy-lock.ts'
import { lookAgain, setOnProxy, withOutcome, type Outcome } from './set-on-proxy.ts'
import { defined } from '../mesh/defined.ts'

/** Why a lease ends, and who ended it early. */
export interface LeaseEnd {
  why: NonNullable<LeaseRecord['ended']>['why']
  by?: string | undefined
}

/** Milliseconds to wait for another process that has a proxy in hand; after that the sweep comes by again. */
const PATIENCE = 3000

/**
 * Puts back what a lease raised: each proxy gets exactly what it had. A pod that is gone, a proxy that was restarted and a setting that somebody else has changed
 * meanwhile are left alone, and the record says so. A proxy that can't be reached stays `unreachable` and the lease `putting-back`: call again.
 * Several processes may do it at once, and any of them may be killed.
 *
 * @param end counts only when nobody ended the lease before
 * @returns the lease, `over` when nothing is left to do; undefined when there is none
 * @throws StoreUnavailableError, the signal's reason
 */
export async function putBack(
  deps: LeaseDeps,
  id: string,
  end: LeaseEnd,
  signal: AbortSignal,
): Promise<LeaseRecord | undefined> {
  const { records } = deps
  const at = new Date().toISOString()
  const begun = await updateLease(records, id, (lease) =>
    lease.state === 'raising' || lease.state === 'raised'
      ? { ...lease, state: 'putting-back', ended: { at, why: end.why, ...defined({ by: end.by }) } }
      : undefined,
  )
  if (begun === undefined) return undefined
  if (begun.state === 'over') {
    await noteEnded(records, begun)
    return begun
  }
  await Promise.all(begun.proxies.filter(isUnsettled).map((proxy) => putBackOn(deps, id, proxy, signal)))
  const lease = await updateLease(records, id, (now) =>
    now.state === 'putting-back' && !now.proxies.some(isUnsettled) ? { ...now, state: 'over' } : undefined,
  )
  if (lease?.state === 'over') await noteEnded(records, lease)
  return lease
}

/** Records the end of a lease, once; one that was never granted has none. */
export async function noteEnded(records: Records, { id, ended, run, target, proxies }: LeaseRecord): Promise<void> {
  if (proxies.every(({ before, state }) => state === 'refused' || Object.keys(before).length === 0)) return
  await recordAuditOnce(records, id, {
    event: 'lease-ended',
    by: { user: ended?.by ?? 'mesh-medic' },
    run,
    target,
    facts: {
      lease: id,
      why: ended?.why,
      proxies: proxies.map(({ pod, uid, state, before, says }) => ({ pod, uid, state, before, ...defined({ says }) })),
    },
  })
}

async function putBackOn(deps: LeaseDeps, id: string, { uid }: LeaseProxy, signal: AbortSignal): Promise<void> {
  await withProxyLock(deps.records, uid, { signal, patience: PATIENCE }, async (lock) => {
    const lease = await readLease(deps.records, id)
    const proxy = lease?.proxies.find((one) => one.uid === uid)
    if (lease === undefined || proxy === undefined || lease.state !== 'putting-back' || !isUnsettled(proxy)) return
    const outcome = await outcomeOf(deps, lease, proxy, lock, signal)
    await updateProxy(deps.records, id, uid, (now) => {
      if (!isUnsettled(now) || (now.state === outcome.state && now.says === outcome.says)) return undefined
      return withOutcome(now, outcome)
    })
  })
}

async function outcomeOf(
  deps: LeaseDeps,
  lease: LeaseRecord,
  proxy: LeaseProxy,
  lock: ProxyLock,
  signal: AbortSignal,
): Promise<Outcome> {
  const { clients } = deps
  const { before } = proxy
  const leasable = leasableOf(lease)
  if (Object.keys(before).length === 0) return { state: 'refused', says: 'the lease ended before it was set' }
  try {
    if (lease.cluster !== undefined && (await clusterId(clients.kubernetes, lock.signal)) !== lease.cluster)
      return unreachable(proxy, 'it runs in another cluster')
    const look = await lookAgain(deps, lease, proxy, lock)
    if ('fate' in look) return look.fate
    const { ours, others } = sorted(before, lease.lent, await leasable.read(deps, { lease, proxy }, lock.signal))
    if (Object.keys(ours).length > 0) {
      const done = await setOnProxy(deps, lease, proxy, ours, lock)
      if ('fate' in done) return done.fate
      const still = Object.entries(ours).filter(([name, value]) => (done.settings[name] ?? '') !== value)
      if (still.length > 0)
        return unreachable(
          { setting: ours },
          `it did not accept ${leaseWords(lease).describe(Object.fromEntries(still))}`,
        )
    }
    return Object.keys(others).length === 0
      ? { state: 'put-back' }
      : { state: 'left', says: leasable.left(others, { lease, proxy }) }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof UnseenError)) throw error
    const now = (await readLease(deps.records, lease.id))?.proxies.find(({ uid }) => uid === proxy.uid)
    return unreachable(now ?? proxy, error.message)
  }
}

/** Not put back yet; what was being set stays noted. */
const unreachable = ({ setting }: Pick<LeaseProxy, 'setting'>, says: string): Outcome => ({
  state: 'unreachable',
  says,
  ...defined({ setting }),
})

/** Settings that are as we set them, with the value they had; and those that are neither as before nor as we set them, with their value now. */
function sorted(before: Settings, raised: Settings, now: Settings): { ours: Settings; others: Settings } {
  const changed = Object.keys(before).filter((name) => (now[name] ?? '') !== before[name])
  const ours = changed.filter((name) => now[name] === raised[name])
  const others = changed.filter((name) => now[name] !== raised[name])
  return {
    ours: Object.fromEntries(ours.map((name) => [name, before[name] ?? ''])),
    others: Object.fromEntries(others.map((name) => [name, now[name] ?? 'absent'])),
  }
}
