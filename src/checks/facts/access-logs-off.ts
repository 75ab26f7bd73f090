import type { Evidence } from '../../evidence/evidence.ts'
import type { Seen } from '../../evidence/reading.ts'
import type { Listener } from '../../mesh/envoy.ts'
import { isFields } from '../../mesh/fields.ts'
import { meshConfigIn } from '../../mesh/mesh-config.ts'
import { refOf, selects, type KubernetesObject, type Labels, type Pod, type PolicyObject } from '../../mesh/objects.ts'
import { hasApplication, hasProxy } from '../../mesh/pods.ts'
import type { Target } from '../../mesh/target.ts'
import { endingOf } from '../../mesh/walk/network-filters.ts'
import { podsOf } from './owners.ts'
import { gatewayPods } from './proxies-of.ts'
import { rootNamespaceOf } from './root-namespace-of.ts'

/** A proxy that logs no requests, as its live configuration shows. */
export interface SilentProxy {
  pod: Pod
  listeners: Seen<'listeners'>
  /** The object that says so: a Telemetry, or the mesh configuration that names no file. */
  because?: KubernetesObject
}

/** A sidecar's listener for what comes to its pod; a gateway's are all for what comes to it. */
const INBOUND = 'virtualInbound'

/** Loggers whose lines a proxy's own log has; others count requests, or send their lines elsewhere. */
const TO_ITS_OUTPUT = /\.(file|stdout|stderr)$/

/** Whether a proxy logs none of the requests that come to it, by its listeners: a sidecar's inbound one, all of a gateway's. Undefined when nothing comes to it. */
export function isSilent(pod: Pod, all: readonly Listener[]): boolean | undefined {
  const listeners = hasApplication(pod) ? all.filter(({ name }) => name === INBOUND) : all
  const logs = listeners
    .flatMap(({ filterChains = [], defaultFilterChain }) => [
      ...filterChains,
      ...(defaultFilterChain === undefined ? [] : [defaultFilterChain]),
    ])
    .flatMap((chain) => {
      const { ending } = endingOf(chain)
      const logging = ending.kind === 'http' ? ending.manager : ending.kind === 'tcp' ? ending.proxy : undefined
      return logging === undefined ? [] : [(logging.accessLog ?? []).some(({ name = '' }) => TO_ITS_OUTPUT.test(name))]
    })
  return logs.length === 0 ? undefined : !logs.some(Boolean)
}

/** True for a Telemetry that turns access logs off. */
const disables = ({ spec }: PolicyObject): boolean =>
  Array.isArray(spec?.accessLogging) && spec.accessLogging.some((one) => isFields(one) && one.disabled === true)

/** The Telemetry that turns a pod's access logs off, the nearest first; else the mesh configuration, when it names no file to log to. */
function reasonFor(pod: Pod, evidence: Evidence): KubernetesObject | undefined {
  const labelsOf = ({ spec }: PolicyObject): Labels | undefined =>
    (spec?.selector as { matchLabels?: Labels } | undefined)?.matchLabels
  const acting = evidence.objects('telemetries').filter((one) => {
    const labels = labelsOf(one)
    const { namespace } = one.metadata
    return (
      disables(one) &&
      (namespace === pod.metadata.namespace || (namespace === rootNamespaceOf(evidence) && labels === undefined)) &&
      (labels === undefined || selects(labels, pod.metadata.labels))
    )
  })
  const rank = (one: PolicyObject): number =>
    labelsOf(one) !== undefined ? 0 : one.metadata.namespace === pod.metadata.namespace ? 1 : 2
  const [nearest] = acting.toSorted((a, b) => rank(a) - rank(b))
  if (nearest !== undefined) return nearest
  return evidence.objects('mesh-config').find((one) => {
    const { accessLogFile } = meshConfigIn(one)
    return accessLogFile === undefined || accessLogFile === ''
  })
}

/** The proxies on the target's way, its own and its gateways', that log no requests. */
export const silentProxies = (evidence: Evidence, target: Target): SilentProxy[] =>
  [...podsOf(target, evidence), ...gatewayPods(evidence, target)]
    .filter((pod) => hasProxy(pod))
    .flatMap((pod): SilentProxy[] => {
      const listeners = evidence.seenOf('listeners', refOf(pod))
      if (listeners === undefined) return []
      if (isSilent(pod, listeners.value) !== true) return []
      const because = reasonFor(pod, evidence)
      return [{ pod, listeners, ...(because !== undefined && { because }) }]
    })
