import { UnseenError } from '../evidence/clients/clients.ts'
import { WriteError } from '../fixes/cluster-writer.ts'
import { leasableOf } from './leasables.ts'
import type { LeaseDeps } from './lease-deps.ts'
import type { LeaseProxy, LeaseRecord, Settings } from './lease-record.ts'
import { leaseWords } from './lease-words.ts'
import type { ProxyLock } from './proxy-lock.ts'
import { lookAgain, setOnProxy, type Outcome } from './set-on-proxy.ts'

/** An error that is about the proxy; any other one, and our being stopped, is passed on. */
export function seen(error: unknown, signal: AbortSignal): UnseenError {
  signal.throwIfAborted()
  if (!(error instanceof UnseenError)) throw error
  return error
}

/**
 * Sets what is raised on a proxy whose former settings are noted; where that fails, perhaps half-way, what was set is put back now or, where that can't be seen, at the end.
 * @throws StoreUnavailableError, the signal's reason
 */
export async function setOrUndo(
  deps: LeaseDeps,
  lease: LeaseRecord,
  proxy: LeaseProxy,
  lock: ProxyLock,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    const look = await lookAgain(deps, lease, proxy, lock)
    if ('fate' in look) return look.fate
    if (proxy.setting === undefined && look.pod?.metadata.deletionTimestamp !== undefined)
      return { state: 'refused', says: LEAVING }
    const done = await setOnProxy(deps, lease, proxy, lease.lent, lock)
    if ('fate' in done) return done.fate
    const missing = differing(lease.lent, done.settings)
    if (missing.length === 0) return { state: 'raised' }
    throw new UnseenError('unavailable', `it did not accept ${missing.join(', ')}`)
  } catch (error) {
    const unseen = seen(error, signal)
    const outcome = await undo(deps, lease, proxy, lock, unseen.message)
    return outcome.state === 'refused' && mayArrive(unseen) ? unsure(lease, unseen.message) : outcome
  }
}

/** Why a proxy is not raised while its pod goes. */
export const LEAVING = 'its pod is being deleted'

const differing = (wanted: Settings, has: Settings): string[] =>
  Object.keys(wanted).filter((name) => (has[name] ?? '') !== wanted[name])

/** Setting failed, perhaps half-way: what was set is put back now; where that can't be seen, at the end. */
export async function undo(
  deps: LeaseDeps,
  lease: LeaseRecord,
  proxy: LeaseProxy,
  lock: ProxyLock,
  why: string,
): Promise<Outcome> {
  const { lent: raised } = lease
  const { before } = proxy
  try {
    const look = await lookAgain(deps, lease, { ...proxy, setting: raised }, lock)
    if ('fate' in look) return look.fate
    const now = await leasableOf(lease).read(deps, { lease, proxy }, lock.signal)
    const ours = differing(before, now).filter((name) => now[name] === raised[name])
    if (ours.length === 0) return { state: 'refused', says: why }
    const former = Object.fromEntries(ours.map((name) => [name, before[name] ?? '']))
    const done = await setOnProxy(deps, lease, proxy, former, lock)
    if ('fate' in done) return done.fate
    if (differing(former, done.settings).length === 0) return { state: 'refused', says: why }
  } catch (error) {
    if (!(error instanceof UnseenError)) throw error
  }
  return unsure(lease, why)
}

/** The API server was sent an object and did not answer: it may be made after we have looked. */
const mayArrive = ({ cause }: UnseenError): boolean => cause instanceof WriteError && cause.sent

/** Perhaps set: it is put back at the end. */
const unsure = (lease: LeaseRecord, why: string): Outcome => ({
  state: 'raised',
  says: `${why}; ${leaseWords(lease).unsure}`,
  setting: lease.lent,
})
