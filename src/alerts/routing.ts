import type { Alert, AlertLabels } from './alert.ts'
import type { AlertTarget } from './alert-target.ts'
import { isEnvoyCluster } from './label-ranks.ts'

/** A channel that takes alerts. All that is given must fit; with nothing given it takes all that no other one does. */
export interface AlertChannel {
  channel: string
  clusters?: readonly string[] | undefined
  namespaces?: readonly string[] | undefined
  receivers?: readonly string[] | undefined
}

/** Which clusters there are, and who takes what. */
export interface AlertRouting {
  channels: readonly AlertChannel[]
  /** The cluster that is looked at; absent when it has no name. */
  cluster?: string | undefined
  /** Values of the label `cluster` and what they are called here. */
  clusters?: Readonly<Record<string, string>> | undefined
  /** Labels that say whose a workload is, best first. */
  ownerLabels?: readonly string[] | undefined
}

/** Where an alert belongs. */
export interface AlertRoute {
  /** Its cluster as it is called here; undefined when the alert names none and the one that is looked at has no name. */
  cluster?: string
  /** Why the cluster cannot be looked at. */
  elsewhere?: string
  /** Absent when no channel takes it. */
  channel?: string
  /** Why that channel, or why none. */
  why: string
  owner?: string
}

/** Labels that tell the cluster, as Prometheus' external labels have it. */
const CLUSTER_LABELS = ['cluster', 'k8s_cluster', 'kubernetes_cluster'] as const
const OWNER_LABELS = ['owner', 'team', 'app_kubernetes_io_managed_by_team', 'app_kubernetes_io_part_of'] as const

/** The channel that an alert goes to, and the cluster that it is of. */
export function routeOf(
  { labels }: Pick<Alert, 'labels'>,
  receiver: string,
  target: AlertTarget | undefined,
  routing: AlertRouting,
): AlertRoute {
  const { cluster, elsewhere } = clusterOf(labels, routing)
  const namespace = namespaceOf(labels, target)
  const owner = ownerIn(labels, routing.ownerLabels)
  const ranked = routing.channels
    .map((one) => ({ one, score: scoreOf(one, { cluster, namespace, receiver }) }))
    .filter(({ score }) => score >= 0)
    .toSorted((a, b) => b.score - a.score)
  const [best] = ranked
  const channel = best?.one.channel
  return {
    ...(cluster !== undefined && { cluster }),
    ...(elsewhere !== undefined && { elsewhere }),
    ...(owner !== undefined && { owner }),
    ...(channel !== undefined && { channel }),
    why:
      best === undefined
        ? routing.channels.length === 0
          ? 'no channel takes alerts (channels.CHANNEL.alerts)'
          : `no channel takes ${[namespace === undefined ? 'alerts without a namespace' : `namespace ${namespace}`, `receiver ${receiver}`, ...(cluster === undefined ? [] : [`cluster ${cluster}`])].join(', ')}`
        : best.score === 0
          ? 'it takes what no other channel does'
          : `it takes ${reasons(best.one, { cluster, namespace, receiver }).join(', ')}`,
  }
}

interface Facts {
  cluster: string | undefined
  namespace: string | undefined
  receiver: string
}

/** How many things of a channel fit; -1 when one does not. */
function scoreOf({ clusters, namespaces, receivers }: AlertChannel, { cluster, namespace, receiver }: Facts): number {
  const asked: readonly [readonly string[] | undefined, string | undefined][] = [
    [clusters, cluster],
    [namespaces, namespace],
    [receivers, receiver],
  ]
  const given = asked.filter(([list]) => list !== undefined)
  return given.every(([list = [], value]) => value !== undefined && list.includes(value)) ? given.length : -1
}

const reasons = (
  { clusters, namespaces, receivers }: AlertChannel,
  { cluster, namespace, receiver }: Facts,
): string[] => [
  ...(clusters === undefined ? [] : [`cluster ${cluster ?? ''}`]),
  ...(namespaces === undefined ? [] : [`namespace ${namespace ?? ''}`]),
  ...(receivers === undefined ? [] : [`receiver ${receiver}`]),
]

function clusterOf(
  labels: AlertLabels,
  { cluster, clusters = {} }: AlertRouting,
): Pick<AlertRoute, 'cluster' | 'elsewhere'> {
  const named = CLUSTER_LABELS.map((label) => labels[label]).find(
    (value) => value !== undefined && value !== '' && !isEnvoyCluster(value),
  )
  if (named === undefined) return cluster === undefined ? {} : { cluster }
  const own = Object.hasOwn(clusters, named) ? clusters[named] : undefined
  if (own === undefined)
    return Object.keys(clusters).length === 0
      ? { cluster: named }
      : { cluster: named, elsewhere: `no cluster ${named} is configured (known: ${Object.keys(clusters).join(', ')})` }
  return own === cluster
    ? { cluster: own }
    : { cluster: own, elsewhere: `the bot looks at ${cluster ?? 'another cluster'}, not at ${own}` }
}

/** Whose namespace it is: of the target that was found, else as the labels have it. */
export function namespaceOf(labels: AlertLabels, target: AlertTarget | undefined): string | undefined {
  if (target !== undefined) {
    if (target.namespace !== undefined) return target.namespace
    const [, namespace] = /^(?:[a-z]+\/)?[^./:]+\.([a-z0-9-]+)(?::\d+)?$/.exec(target.text) ?? []
    if (namespace !== undefined) return namespace
  }
  return labels.exported_namespace ?? labels.namespace
}

function ownerIn(labels: AlertLabels, names: readonly string[] = OWNER_LABELS): string | undefined {
  return names.map((name) => labels[name]).find((value) => value !== undefined && value !== '')
}
