import type { Kubernetes } from '../evidence/clients/clients.ts'
import { RESOURCES } from '../evidence/collectors/objects.ts'
import type { Pod } from '../mesh/objects.ts'
import { hasEnded, proxyStatus } from '../mesh/pods.ts'
import { refOfPod, type LeaseProxy } from './lease-record.ts'
import { defined } from '../mesh/defined.ts'

/** What happened to a proxy since it was raised: what was set went with it. */
export type ProxyFate = Pick<LeaseProxy, 'state' | 'says'> & { state: 'gone' | 'restarted' }

/** When the proxy's container of a pod was started; undefined while it does not run. */
export const proxyStartedAt = (pod: Pod): string | undefined => proxyStatus(pod)?.state?.running?.startedAt

/** The pod that has the proxy's name now, if any. @throws UnseenError when it cannot be looked at */
export async function podOf(proxy: LeaseProxy, kubernetes: Kubernetes, signal: AbortSignal): Promise<Pod | undefined> {
  const { name, namespace } = refOfPod(proxy)
  const pods = (await kubernetes.list(
    RESOURCES.pods,
    { ...defined({ namespace }), fields: `metadata.name=${name}` },
    signal,
  )) as Pod[]
  return pods.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace)
}

/** Undefined when the proxy is the one that was raised and still runs; `pod` has its name now. */
export function judgeFate({ uid, proxyStartedAt: before }: LeaseProxy, pod: Pod | undefined): ProxyFate | undefined {
  if (pod === undefined) return { state: 'gone' }
  if (pod.metadata.uid !== uid) return { state: 'gone', says: 'another pod of that name took its place' }
  if (hasEnded(pod)) return { state: 'gone', says: 'its containers have ended' }
  const now = proxyStartedAt(pod)
  if (now === undefined) return { state: 'restarted', says: 'its proxy is not running now' }
  return before === undefined || now === before ? undefined : { state: 'restarted', says: `at ${now}` }
}
