import type { Pod } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import type { Endpoint, EndpointsTaken } from '../../mesh/walk/endpoints.ts'
import { endpointsOf } from '../../mesh/walk/endpoints.ts'
import { once } from '../../checks/facts/fact.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { quoteOf } from './piece.ts'
import type { Hop } from './report.ts'
import type { Trace } from './trace.ts'
import { proxyCommand, whyUnseen } from './trace.ts'
import { defined } from '../../mesh/defined.ts'

/** Endpoints named in a sentence, at most. */
const MOST_NAMED = 6

/** The pod with an address that is in use: pods that ended keep theirs in status. */
export function podAt(address: string | undefined, evidence: Evidence): Pod | undefined {
  return address === undefined ? undefined : podsInUse(evidence).get(address)
}

const podsInUse = once((evidence: Evidence): ReadonlyMap<string, Pod> => {
  const known = new Map<string, Pod>()
  for (const pod of evidence.objects('pods')) {
    const { podIP, phase } = pod.status ?? {}
    if (podIP === undefined || pod.spec?.hostNetwork === true) continue
    const before = known.get(podIP)
    if (before === undefined || (before.status?.phase !== 'Running' && phase === 'Running')) known.set(podIP, pod)
  }
  return known
})

const textOf = ({ address = 'a pipe', port, trouble, locality }: Endpoint, evidence: Evidence): string => {
  const pod = podAt(address, evidence)
  return `${address}${port === undefined ? '' : `:${port}`}${pod === undefined ? '' : ` ${pod.metadata.name}`}${locality === undefined ? '' : ` in ${locality}`}${trouble === undefined ? '' : ` (${trouble})`}`
}

const listed = (endpoints: readonly Endpoint[], evidence: Evidence): string =>
  `${endpoints
    .slice(0, MOST_NAMED)
    .map((one) => textOf(one, evidence))
    .join(', ')}${endpoints.length > MOST_NAMED ? `, and ${endpoints.length - MOST_NAMED} more` : ''}`

/** The hosts of a cluster as the caller's proxy has them; undefined when they, or the cluster, were not seen. */
export function endpointsTo(cluster: string, { proxy }: Pick<Trace, 'proxy'>): EndpointsTaken | undefined {
  const found = proxy.clusters?.find(({ name }) => name === cluster)
  return found === undefined || proxy.endpoints === undefined
    ? undefined
    : endpointsOf(
        found,
        proxy.endpoints.find(({ name }) => name === cluster),
      )
}

/** The hosts a request to the cluster may be sent to. */
export const usedOf = ({ endpoints, panic }: EndpointsTaken): Endpoint[] =>
  panic ? endpoints : endpoints.filter(({ usable }) => usable)

const pieceOf = ({ endpoints }: EndpointsTaken): unknown =>
  endpoints.slice(0, MOST_NAMED).map(({ address, port, weight, locality, priority, trouble }) => ({
    address: `${address ?? 'pipe'}${port === undefined ? '' : `:${port}`}`,
    health: trouble ?? 'HEALTHY',
    weight,
    ...defined({ locality }),
    ...(priority > 0 && { priority }),
  }))

/** The hop at the endpoints of one cluster; undefined where the request never comes to any. */
export function endpointsHop(cluster: string, trace: Trace): Hop | undefined {
  const {
    caller: { pod },
    evidence,
    context,
    proxy,
    sent,
  } = trace
  const found = proxy.clusters?.find(({ name }) => name === cluster)
  if (found === undefined || cluster === 'PassthroughCluster' || cluster === 'BlackHoleCluster') return undefined
  const about = {
    stage: 'endpoints' as const,
    name: cluster,
    notes: [] as string[],
    command: proxyCommand('endpoints', pod, { cluster }, context),
  }
  const taken = endpointsTo(cluster, trace)
  if (taken === undefined)
    return {
      ...about,
      ok: false,
      sure: false,
      objects: [],
      says: `The endpoints of ${pod.name} could not be seen: ${whyUnseen('endpoints', pod, evidence)}.`,
    }
  const { endpoints, panic, original } = taken
  if (original) {
    const to = sent.connection.address
    const at = podAt(to, evidence)
    return {
      ...about,
      ok: true,
      sure: trace.caller.kind === 'sidecar' && to !== undefined,
      objects: at === undefined ? [] : [refOf(at)],
      says: `The cluster sends to the address the client asked for${to === undefined || trace.caller.kind === 'ingress' ? ', which is not known here' : ` (${to})`}.`,
    }
  }
  const objects = endpoints.flatMap(({ address }) => {
    const at = podAt(address, evidence)
    return at === undefined ? [] : [refOf(at)]
  })
  const used = usedOf(taken)
  const taking = new Set(used)
  const idle = endpoints.filter((one) => !taking.has(one))
  const quote = endpoints.length === 0 ? undefined : quoteOf(pieceOf(taken))
  const whole = { ...about, objects, ...defined({ quote }) }
  if (endpoints.length === 0)
    return {
      ...whole,
      ok: false,
      sure: true,
      says: 'The cluster has no endpoints: 503 (UH no_healthy_upstream). No ready pod has the labels that are asked for, or the name does not resolve.',
    }
  if (used.length === 0)
    return {
      ...whole,
      ok: false,
      sure: true,
      says: `None of ${endpoints.length} endpoints is healthy: 503 (UH no_healthy_upstream): ${listed(endpoints, evidence)}.`,
    }
  return {
    ...whole,
    ok: true,
    sure: true,
    says: `${used.length} of ${endpoints.length} endpoint${endpoints.length === 1 ? '' : 's'} ${used.length === 1 ? 'receives' : 'receive'} requests: ${listed(used, evidence)}.`,
    notes: [
      ...(panic ? ['too few are healthy: Envoy sends to all of them (panic)'] : []),
      ...(idle.length > 0 ? [`left out: ${listed(idle, evidence)}`] : []),
      ...outside(used, evidence),
    ],
  }
}

/** Says when endpoints are no pods of this cluster that were seen. */
function outside(used: readonly Endpoint[], evidence: Evidence): string[] {
  const strangers = used.filter(({ address }) => podAt(address, evidence) === undefined)
  return strangers.length === 0
    ? []
    : [
        `${strangers.length === used.length ? 'no endpoint is' : `${strangers.length} are not`} a pod that was seen: where the request goes there is not followed`,
      ]
}
