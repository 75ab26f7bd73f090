import { UnseenError } from '../evidence/clients/clients.ts'
import type { Pod } from '../mesh/objects.ts'
import { proxyAnswers } from '../mesh/pods.ts'
import { grantLeasePermit } from '../fixes/permit.ts'
import { claimSettings } from './claim-settings.ts'
import type { Settings } from './lendable.ts'
import { lendableOf } from './lendables.ts'
import { isUnsettled, refOfPod, updateProxy, type LeaseRecord, type LentProxy } from './lease-record.ts'
import type { LeaseDeps } from './lease-deps.ts'
import { judgeFate, podOf, type ProxyFate } from './proxy-fate.ts'
import { withProxyInHand, type Hand } from './proxy-in-hand.ts'

/** Milliseconds to wait for another process that has the successor in hand. */
const PATIENCE = 3000

/** What became of a proxy in a lease; `setting` stays while a proxy that takes its place may have been set in its stead. */
export type Outcome = Pick<LentProxy, 'state' | 'says' | 'setting'>

/** The proxy with an outcome, and nothing of the one before. */
export function withOutcome({ says: _says, setting: _setting, ...rest }: LentProxy, outcome: Outcome): LentProxy {
  return { ...rest, ...outcome }
}

/** The fate of a proxy that is not the one that was lent; of one that is, the pod. A successor that we may have set is put right. @throws UnseenError */
export async function lookAgain(
  deps: LeaseDeps,
  lease: LeaseRecord,
  proxy: LentProxy,
  hand: Hand,
): Promise<{ fate: ProxyFate } | { pod: Pod | undefined }> {
  const pod = await podOf(proxy, deps.clients.kubernetes, hand.signal)
  const fate = judgeFate(proxy, pod)
  if (fate === undefined) return { pod }
  if (proxy.setting !== undefined && pod !== undefined)
    await mendSuccessor(deps, lease, proxy, { pod, suspect: proxy.setting }, hand)
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
  proxy: LentProxy,
  settings: Settings,
  hand: Hand,
): Promise<{ fate: ProxyFate } | { settings: Settings }> {
  const lendable = lendableOf(lease)
  const pod = refOfPod(proxy)
  await updateProxy(deps.records, lease.id, proxy.uid, (now) =>
    isUnsettled(now) ? { ...now, setting: settings } : undefined,
  )
  hand.requireTime()
  await lendable.set(deps, { permit: grantLeasePermit({ lease: lease.id, pods: [pod] }), pod, settings }, hand.signal)
  const after = await lendable.read(deps, pod, hand.signal)
  const again = await lookAgain(deps, lease, { ...proxy, setting: settings }, hand)
  return 'fate' in again ? again : { settings: after }
}

/** Gives a proxy that was set in another's stead the values that it was started with. */
async function mendSuccessor(
  deps: LeaseDeps,
  lease: LeaseRecord,
  proxy: LentProxy,
  { pod, suspect }: { pod: Pod; suspect: Settings },
  hand: Hand,
): Promise<void> {
  // One that does not run yet was not reached.
  if (!proxyAnswers(pod)) return
  const { uid = '' } = pod.metadata
  if (uid === proxy.uid) return mend(deps, lease, { proxy, pod, suspect }, hand)
  const done = await withProxyInHand(deps.records, uid, { signal: hand.signal, patience: PATIENCE }, async (its) => {
    await mend(deps, lease, { proxy, pod, suspect }, its)
    return true
  })
  if (done === undefined)
    throw new UnseenError('unavailable', 'the pod that took its place is being set by another process')
}

async function mend(
  deps: LeaseDeps,
  lease: LeaseRecord,
  { proxy, pod, suspect }: { proxy: LentProxy; pod: Pod; suspect: Settings },
  hand: Hand,
): Promise<void> {
  const lendable = lendableOf(lease)
  const ref = refOfPod(proxy)
  const started = lendable.startingValues(pod)
  const now = await lendable.read(deps, ref, hand.signal)
  const ours = Object.keys(suspect).filter((name) => now[name] === suspect[name] && now[name] !== started(name))
  // It may be lent to somebody by now: then it is theirs to give back.
  if (ours.length === 0 || (await claimSettings(deps.records, pod.metadata.uid ?? '', ours, lease)) !== undefined)
    return
  hand.requireTime()
  await lendable.set(
    deps,
    {
      permit: grantLeasePermit({ lease: lease.id, pods: [ref] }),
      pod: ref,
      settings: Object.fromEntries(ours.map((name) => [name, started(name)])),
    },
    hand.signal,
  )
}
