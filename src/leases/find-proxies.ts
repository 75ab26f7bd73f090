import type { Clients } from '../evidence/clients/clients.ts'
import type { GatherOptions } from '../evidence/gather.ts'
import { dataPlaneOf, isZtunnel } from '../mesh/data-plane.ts'
import { nearestNames } from '../mesh/names.ts'
import type { Pod } from '../mesh/objects.ts'
import { hasProxy, isReady, proxyAnswers } from '../mesh/pods.ts'
import { sameRef, type Ref } from '../mesh/ref.ts'
import type { TargetQuery } from '../mesh/target-query.ts'
import type { Target } from '../mesh/target.ts'
import { findPods } from './find-pods.ts'
import { LeaseRefusedError } from './lease-refused.ts'

/** The proxies a lease may be about. */
export interface FoundProxies {
  target: Target
  /** The target's own, those that are ready first. */
  pods: Pod[]
  /** The running ones of those that were asked for beside them. */
  others: Pod[]
}

const isThere = (pod: Pod): boolean =>
  proxyAnswers(pod) && !isZtunnel(pod) && pod.metadata.deletionTimestamp === undefined

/**
 * A target's pods whose proxies can be asked, and of `beside` (gateways' pods) those that run.
 * @throws UnknownTargetError, AmbiguousTargetError; LeaseRefusedError when there is none at all, or the cluster could not be read
 */
export async function findProxies(
  query: TargetQuery,
  clients: Clients,
  { beside = [], ...options }: GatherOptions & { beside?: readonly Ref[] },
): Promise<FoundProxies> {
  const { target, pods: all, seen } = await findPods(query, clients, { beside, ...options })
  const pods = all.filter(isThere)
  const others = seen(beside.filter((ref) => !target.pods.some((own) => sameRef(own, ref)))).filter(isThere)
  if (pods.length + others.length === 0)
    throw new LeaseRefusedError(whyNone(target, all), [
      all.some((pod) => isZtunnel(pod) || dataPlaneOf(pod) === 'ztunnel')
        ? 'Its traffic passes the ztunnel of its node, whose log levels are asked for with --ztunnel.'
        : 'Name a workload with a running sidecar, or a gateway: deploy/istio-ingressgateway -n istio-system',
    ])
  return {
    target,
    pods: pods.toSorted(
      (a, b) => Number(isReady(b)) - Number(isReady(a)) || a.metadata.name.localeCompare(b.metadata.name, 'en'),
    ),
    others,
  }
}

function whyNone({ name, namespace }: Target, all: readonly Pod[]): string {
  const whose = `${name} in ${namespace}`
  if (all.length === 0) return `${whose} has no pods.`
  if (all.every(isZtunnel)) return `${whose} is a ztunnel, which serves every workload of its node.`
  return all.some(hasProxy) ? `No proxy of ${whose} is running.` : `No pod of ${whose} has a sidecar.`
}

/** Which pods are raised: those that were named, or the target's first so many. `notes` says what was left out. */
export interface Choice {
  pods: Pod[]
  notes: string[]
}

const fullName = ({ metadata: { name, namespace = '' } }: Pod): string => `${namespace}/${name}`

/**
 * Chooses the pods of a lease.
 * @param named names, or `namespace/name`; of the target's pods, or of `others`
 * @param others pods that are raised only when they are named
 * @param most the limit of the configuration
 * @throws LeaseRefusedError for a name that no such pod has, with the nearest; for more than the limit
 */
export function choosePods(
  pods: readonly Pod[],
  {
    named,
    count,
    most,
    others = [],
  }: { named?: readonly string[] | undefined; count?: number | undefined; most: number; others?: readonly Pod[] },
): Choice {
  const asked = named === undefined ? undefined : [...new Set(named)]
  const wanted = asked?.length ?? count ?? Math.min(Math.max(pods.length, 1), most)
  if (!Number.isInteger(wanted) || wanted < 1)
    throw new LeaseRefusedError(`${wanted} is not a number of pods.`, [`At least 1, at most ${most}.`])
  if (wanted > most)
    throw new LeaseRefusedError(
      `That is ${wanted} proxies; at most ${most} are raised at a time (limits.leaseProxies).`,
      [`Ask for ${most} or fewer, or name one: pod/${pods[0]?.metadata.name ?? 'NAME'}`],
    )
  if (asked !== undefined)
    return { pods: [...new Set(asked.map((name) => podNamed(name, [...pods, ...others])))], notes: [] }
  if (pods.length === 0) throw new LeaseRefusedError('No proxy of the target is running.')
  return { pods: pods.slice(0, wanted), notes: wanted < pods.length ? [`${wanted} of its ${pods.length} proxies`] : [] }
}

function podNamed(name: string, pods: readonly Pod[]): Pod {
  const pod = pods.find((one) => name === fullName(one)) ?? pods.find(({ metadata }) => name === metadata.name)
  if (pod !== undefined) return pod
  const names = pods.map((one) => (name.includes('/') ? fullName(one) : one.metadata.name))
  const nearest = [...new Set([...nearestNames(name, names), ...names])].slice(0, 5)
  throw new LeaseRefusedError(`No running proxy of the target is in a pod ${JSON.stringify(name.slice(0, 80))}.`, [
    `Pods: ${nearest.join(', ')}`,
  ])
}
