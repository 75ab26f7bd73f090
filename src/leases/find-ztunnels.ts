import { UnseenError, type Clients } from '../evidence/clients/clients.ts'
import { RESOURCES } from '../evidence/collectors/objects.ts'
import type { GatherOptions } from '../evidence/gather.ts'
import { dataPlaneOf, isZtunnel } from '../mesh/data-plane.ts'
import type { Pod } from '../mesh/objects.ts'
import { hasEnded, proxyAnswers } from '../mesh/pods.ts'
import type { TargetQuery } from '../mesh/target-query.ts'
import type { Target } from '../mesh/target.ts'
import { findPods } from './find-pods.ts'
import { LeaseRefusedError } from './lease-refused.ts'

/** The ztunnels a lease may be about. */
export interface FoundZtunnels {
  target: Target
  /** Those of the nodes of the target's pods. */
  pods: Pod[]
}

/**
 * The ztunnels that serve a target's pods; of a target that is a ztunnel, itself.
 * @throws UnknownTargetError, AmbiguousTargetError; LeaseRefusedError when none serves it, or the cluster could not be read
 */
export async function findZtunnels(
  query: TargetQuery,
  clients: Clients,
  options: GatherOptions & { signal: AbortSignal },
): Promise<FoundZtunnels> {
  const { target, pods: own } = await findPods(query, clients, options)
  const whose = `${target.name} in ${target.namespace}`
  const ambient = own.filter((pod) => isZtunnel(pod) || (dataPlaneOf(pod) === 'ztunnel' && !hasEnded(pod)))
  if (ambient.length === 0)
    throw new LeaseRefusedError(`No pod of ${whose} is served by a ztunnel.`, [
      'Ask without --ztunnel for its sidecars.',
    ])
  const nodes = new Set(ambient.flatMap(({ spec }) => spec?.nodeName ?? []))
  const all = await listed(clients, { labels: 'app=ztunnel' }, options)
  const pods = all.filter(
    (pod) => nodes.has(pod.spec?.nodeName ?? '') && proxyAnswers(pod) && pod.metadata.deletionTimestamp === undefined,
  )
  if (pods.length === 0)
    throw new LeaseRefusedError(`No ztunnel runs on ${[...nodes].join(', ')}, where ${whose} does.`)
  return { target, pods: pods.toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name, 'en')) }
}

/** Whom it concerns that the log levels of these ztunnels are raised: all that they serve, whoever was meant. One text for each. */
export async function whomTheyServe(
  ztunnels: readonly Pod[],
  clients: Pick<Clients, 'kubernetes'>,
  options: { signal: AbortSignal },
): Promise<string[]> {
  return Promise.all(
    ztunnels.map(async ({ metadata, spec }) => {
      const node = spec?.nodeName ?? ''
      const whole = `${metadata.name} serves every workload of node ${node} that is in ambient mode`
      try {
        const pods = await listed(clients, { fields: `spec.nodeName=${node}` }, options)
        const served = pods.filter((pod) => dataPlaneOf(pod) === 'ztunnel' && !hasEnded(pod))
        const namespaces = [...new Set(served.map((pod) => pod.metadata.namespace ?? ''))].toSorted()
        const named = namespaces.slice(0, 5).join(', ')
        const more = namespaces.length > 5 ? ` and ${namespaces.length - 5} more` : ''
        return `${whole}: ${served.length} ${served.length === 1 ? 'pod' : 'pods'} of ${named}${more}`
      } catch (error) {
        if (!(error instanceof LeaseRefusedError)) throw error
        return `${whole} (which could not be read)`
      }
    }),
  )
}

/** @throws LeaseRefusedError when they could not be read */
async function listed(
  { kubernetes }: Pick<Clients, 'kubernetes'>,
  where: { labels?: string; fields?: string },
  { signal }: { signal: AbortSignal },
): Promise<Pod[]> {
  try {
    return (await kubernetes.list(RESOURCES.pods, where, signal)) as Pod[]
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof UnseenError)) throw error
    throw new LeaseRefusedError(`The cluster could not be read: ${error.message}`)
  }
}

/**
 * Whether log levels of ztunnels may be raised at all: only where the configuration says so.
 * @throws LeaseRefusedError
 */
export function requireZtunnels({ ztunnels }: { ztunnels: boolean }): void {
  if (ztunnels) return
  throw new LeaseRefusedError(
    'Log levels of ztunnels are not raised here: each ztunnel serves every workload of its node, and it was never tried on a real one.',
    [
      'The administrator may allow it in the configuration: ambient.raiseZtunnelLevels: true.',
      'By hand: istioctl ztunnel-config log POD.NAMESPACE --level access=debug, and --reset afterwards.',
    ],
  )
}
