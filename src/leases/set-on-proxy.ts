import { UnseenError } from '../evidence/clients/clients.ts'
import type { Pod } from '../mesh/objects.ts'
import { proxyAnswers } from '../mesh/pods.ts'
import { grantLeasePermit } from '../fixes/permit.ts'
import { claimSettings } from './claim-settings.ts'
import { leasableOf } from './leasables.ts'
import { isUnsettled, refOfPod, updateProxy, type LeaseRecord, type LeaseProxy, type Settings } from './lease-record.ts'
import type { LeaseDeps } from './lease-deps.ts'
import { judgeFate, podOf, type ProxyFate } from './proxy-fate.ts'
import { withProxyLock, type ProxyLock } from './proxy-lock.ts'
import { defined } from '../mesh/defined.ts'

/** Milliseconds to wait for another process that has the successor in hand. */
const PATIENCE = 3000

/** What became of a proxy in a lease; `setting` stays while a proxy that takes its place may have been set in its stead. */
export type Outcome = Pick<LeaseProxy, 'state' | 'says' | 'setting'>

/** The proxy with an outcome, and nothing of the one before. */
export function withOutcome({ says: _says, setting: _setting, ...rest }: LeaseProxy, outcome: Outcome): LeaseProxy {
  return { ...rest, ...outcome }
}

/** The fate of a proxy that is not the one that was raised; of one that is, the pod. A successor that we may have set is put right. @throws UnseenError */
export async function lookAgain(
  deps: LeaseDeps,
  lease: LeaseRecord,
  proxy: LeaseProxy,
  lock: ProxyLock,
): Promise<{ fate: ProxyFate } | { pod: Pod | undefined }> {
  if (leasableOf(lease).startingValues === undefined) return { pod: undefined }
  const pod = await podOf(proxy, deps.clients.kubernetes, lock.signal)
  const fate = judgeFate(proxy, pod)
  if (fate === undefined) return { pod }
  if (proxy.setting !== undefined && pod !== undefined)
    await mendSuccessor(deps, lease, proxy, { pod, suspect: proxy.setting }, lock)
  return { fate }
}

/**
 * Sets something on a proxy. A proxy is reached by its pod's name, which may have passed to another: what is set is noted before, and the pod
 * looked at again after.
 * @returns the proxy's settings after it, or its fate when it was replaced meanwhile
 * @throws UnseenError; then it may be set, or a part of it
 */
export async function setOnProxy(
  deps: LeaseDeps,
  lease: LeaseRecord,
  proxy: LeaseProxy,
  settings: Settings,
  lock: ProxyLock,
): Promise<{ fate: ProxyFate } | { settings: Settings }> {
  const leasable = leasableOf(lease)
  await updateProxy(deps.records, lease.id, proxy.uid, (now) =>
    isUnsettled(now) ? { ...now, setting: settings } : undefined,
  )
  lock.requireTime()
  const permit = grantLeasePermit({ lease: lease.id, pods: [refOfPod(proxy)] })
  const object = await leasable.set(deps, { lease, proxy, permit, settings }, lock.signal)
  if (object !== undefined) await updateProxy(deps.records, lease.id, proxy.uid, (now) => ({ ...now, object }))
  const held = { ...proxy, ...defined({ object: object ?? proxy.object }) }
  const after = await leasable.read(deps, { lease, proxy: held }, lock.signal)
  const again = await lookAgain(deps, lease, { ...proxy, setting: settings }, lock)
  return 'fate' in again ? again : { settings: after }
}

/** Gives a proxy that was set in another's stead the values that it was started with. */
async function mendSuccessor(
  deps: LeaseDeps,
  lease: LeaseRecord,
  proxy: LeaseProxy,
  { pod, suspect }: { pod: Pod; suspect: Settings },
  lock: ProxyLock,
): Promise<void> {
  // One that does not run yet was not reached.
  if (!proxyAnswers(pod)) return
  const { uid = '' } = pod.metadata
  if (uid === proxy.uid) return mend(deps, lease, { proxy, pod, suspect }, lock)
  const done = await withProxyLock(deps.records, uid, { signal: lock.signal, patience: PATIENCE }, async (its) => {
    await mend(deps, lease, { proxy, pod, suspect }, its)
    return true
  })
  if (done === undefined)
    throw new UnseenError('unavailable', 'the pod that took its place is being set by another process')
}

async function mend(
  deps: LeaseDeps,
  lease: LeaseRecord,
  { proxy, pod, suspect }: { proxy: LeaseProxy; pod: Pod; suspect: Settings },
  lock: ProxyLock,
): Promise<void> {
  const leasable = leasableOf(lease)
  const started = leasable.startingValues?.(pod)
  if (started === undefined) return
  const now = await leasable.read(deps, { lease, proxy }, lock.signal)
  const ours = Object.keys(suspect).filter((name) => now[name] === suspect[name] && now[name] !== started(name))
  // Somebody else may have raised it by now: then it is theirs to put back.
  if (ours.length === 0 || (await claimSettings(deps.records, pod.metadata.uid ?? '', ours, lease)) !== undefined)
    return
  lock.requireTime()
  await leasable.set(
    deps,
    {
      lease,
      proxy,
      permit: grantLeasePermit({ lease: lease.id, pods: [refOfPod(proxy)] }),
      settings: Object.fromEntries(ours.map((name) => [name, started(name)])),
    },
    lock.signal,
  )
}
