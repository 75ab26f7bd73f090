import { parseClusterName } from '../mesh/envoy.ts'
import { fromFqdn } from '../mesh/host.ts'
import { isDnsLabel, isDnsName } from '../mesh/names.ts'
import { defined } from '../mesh/defined.ts'
import type { AlertLabels } from './alert.ts'
import type { FoundBy } from './alert-target.ts'
import { deploymentOfPod } from './pod-owner.ts'

/** Values that Istio and exporters write for what they do not know. */
const UNKNOWN = new Set(['', 'unknown', '-', 'PassthroughCluster', 'BlackHoleCluster', 'InboundPassthroughCluster'])
const known = (value: string | undefined): string | undefined =>
  value === undefined || UNKNOWN.has(value) ? undefined : value

const told = (label: string, value: string): string => `${label}="${value}"`
const none = (why: string): FoundBy => ({ none: why })

/** The first of several labels that holds something. */
function firstOf(labels: AlertLabels, names: readonly string[]): { name: string; value: string } | undefined {
  for (const name of names) {
    const value = known(labels[name])
    if (value !== undefined) return { name, value }
  }
  return undefined
}

/** Whose requests an alert of Istio's metrics is about. */
export function callerOf(labels: AlertLabels): string | undefined {
  const workload = firstOf(labels, ['source_workload', 'source_canonical_service', 'source_app'])
  if (workload === undefined || !isDnsName(workload.value)) return undefined
  const namespace = known(labels.source_workload_namespace)
  return namespace === undefined || !isDnsLabel(namespace) ? workload.value : `${workload.value}.${namespace}`
}

/** Rank 2: Istio's standard labels. */
export function byDestination(labels: AlertLabels): FoundBy {
  const caller = callerOf(labels)
  const host = known(labels.destination_service)
  const namespace = firstOf(labels, ['destination_service_namespace', 'destination_workload_namespace'])?.value
  if (host !== undefined) {
    const service = fromFqdn(host)
    const text = service === undefined ? host : `${service.name}.${service.namespace}`
    return { text, by: told('destination_service', host), ...defined({ caller }) }
  }
  const name = known(labels.destination_service_name)
  if (name !== undefined && namespace !== undefined)
    return {
      text: `${name}.${namespace}`,
      by: `${told('destination_service_name', name)} in ${namespace}`,
      ...defined({ caller }),
    }
  const workload = known(labels.destination_workload)
  const its = firstOf(labels, ['destination_workload_namespace', 'destination_service_namespace'])?.value
  if (workload !== undefined && its !== undefined)
    return {
      text: `deploy/${workload}.${its}`,
      by: `${told('destination_workload', workload)} in ${its}`,
      ...defined({ caller }),
    }
  const canonical = known(labels.destination_canonical_service)
  if (canonical !== undefined)
    return {
      text: namespace === undefined ? canonical : `${canonical}.${namespace}`,
      by: told('destination_canonical_service', canonical),
      ...defined({ caller }),
    }
  const only = name ?? workload
  return only === undefined
    ? none('no such label')
    : { text: only, by: told('destination', only), ...defined({ caller }) }
}

/** Labels of kube-prometheus that name a workload, the one that lasts longest first. */
const WORKLOADS = ['deployment', 'statefulset', 'daemonset', 'workload', 'job_name', 'horizontalpodautoscaler'] as const

/** Rank 3: kube-prometheus. Where there is an `exported_namespace`, `namespace` and `pod` are the exporter's own. */
export function byWorkload(labels: AlertLabels): FoundBy {
  const isExported = known(labels.exported_namespace) !== undefined
  const namespace = known(labels.exported_namespace) ?? known(labels.namespace)
  if (namespace === undefined) return none('no namespace')
  const named = firstOf(
    labels,
    WORKLOADS.flatMap((label) => [`exported_${label}`, label]),
  )
  const pod = known(labels.exported_pod) ?? (isExported ? undefined : known(labels.pod))
  const within = isExported ? `exported_namespace="${namespace}"` : `namespace="${namespace}"`
  if (named !== undefined) {
    const isDeployment =
      /deployment$|horizontalpodautoscaler$/.test(named.name) || labels.workload_type === 'deployment'
    return {
      text: `${isDeployment ? 'deploy/' : ''}${named.value}.${namespace}`,
      by: `${told(named.name, named.value)}, ${within}`,
      ...(pod !== undefined && !isExporter(labels) && { pod }),
    }
  }
  if (pod === undefined) return none(isExported ? 'no exported_pod, and pod is the exporter’s' : 'no pod or workload')
  if (!isExported && isExporter(labels)) return none(`pod "${pod}" is the exporter's own`)
  const deployment = deploymentOfPod(pod)
  return {
    ...(deployment === undefined ? { text: `pod/${pod}`, namespace } : { text: `deploy/${deployment}.${namespace}` }),
    by: `${told('pod', pod)}, ${within}`,
    pod,
  }
}

const EXPORTER =
  /(?:^|[-_/])(?:kube-state-metrics|node-exporter|blackbox|kubelet|cadvisor|apiserver|prometheus|alertmanager|pushgateway)(?:$|[-_/])|exporter$/
/** Whether the series came from an exporter, whose own names then stand in `pod`, `service` and `instance`. */
export const isExporter = ({ job = '', service = '' }: AlertLabels): boolean =>
  EXPORTER.test(job) || EXPORTER.test(service)

/** Rank 4: a Service by its name, of a series that the Service itself was scraped for. */
export function byService(labels: AlertLabels): FoundBy {
  const exported = known(labels.exported_service)
  const service = exported ?? known(labels.service)
  const namespace = known(labels.exported_namespace) ?? known(labels.namespace)
  if (service === undefined || namespace === undefined) return none('no service with a namespace')
  if (exported === undefined && isExporter(labels)) return none(`service "${service}" is the exporter's own`)
  return { text: `${service}.${namespace}`, by: `${told('service', service)} in ${namespace}` }
}

/** True for what can only be a cluster of Envoy's: `outbound|80||catalog.shop.svc.cluster.local`. */
export const isEnvoyCluster = (value: string | undefined): boolean => /^(?:inbound|outbound)[|;]/.test(value ?? '')

/** Rank 5: a cluster of Envoy's, `outbound|PORT|SUBSET|HOST`, also with semicolons. */
export function byCluster(labels: AlertLabels): FoundBy {
  // Envoy's own name for the label is `cluster`, which mostly is the Kubernetes cluster's.
  const named = firstOf(labels, [
    'envoy_cluster_name',
    'cluster_name',
    ...(isEnvoyCluster(labels.cluster) ? ['cluster'] : []),
  ])
  if (named === undefined) return none('no such label')
  const cluster = parseClusterName(named.value.replaceAll(';', '|').replace(/\|+$/, ''))
  if (cluster?.direction !== 'outbound' || cluster.host === '')
    return none(`${told(named.name, named.value.slice(0, 100))} is no outbound cluster of Envoy`)
  const service = fromFqdn(cluster.host)
  const host = service === undefined ? cluster.host : `${service.name}.${service.namespace}`
  const isPort = Number.isInteger(cluster.port) && cluster.port > 0
  return {
    text: isPort ? `${host}:${cluster.port}` : host,
    by: told(named.name, named.value),
    ...(cluster.subset !== '' && { subset: cluster.subset }),
  }
}

/** Rank 6: what a probe asked for, as a URL. */
export function byProbe(labels: AlertLabels): FoundBy {
  const url = firstOf(labels, ['target', 'instance'])
  if (url === undefined) return none('no such label')
  if (!/^https?:\/\//.test(url.value)) return none(`${told(url.name, url.value.slice(0, 100))} is no URL`)
  try {
    const { origin, pathname } = new URL(url.value)
    return { text: `${origin}${pathname}`, by: told(url.name, url.value) }
  } catch {
    return none(`${told(url.name, url.value.slice(0, 100))} is no URL`)
  }
}
