import type { Hop } from '../follow/report.ts'
import type { Trace } from '../follow/trace.ts'
import { serviceEntryOf, serviceOf } from '../follow/destination.ts'
import { parseClusterName } from '../../mesh/envoy.ts'
import { fromFqdn, hostOfService } from '../../mesh/host.ts'
import type { KubernetesObject } from '../../mesh/objects.ts'
import { refOf, selects } from '../../mesh/objects.ts'
import { workloadEntries } from '../../checks/facts/workload-entries.ts'

/** The hop that a request for a Service which does not exist never gets to: its name does not resolve. */
function absentService({ caller, callerPod, question, walk, evidence }: Trace): Hop | undefined {
  const { host } = question
  if (caller.kind !== 'sidecar' || evidence.seen('services').length === 0) return undefined
  const namespaces = evidence.objects('namespaces').map(({ metadata }) => metadata.name)
  const local =
    fromFqdn(host) ??
    fromFqdn(`${host}.${evidence.clusterDomain}`) ??
    (/^[^.]+\.[^.]+$/.test(host) && namespaces.includes(host.split('.')[1] ?? '')
      ? { name: host, namespace: '' }
      : undefined)
  const isLocal = local !== undefined || !host.includes('.')
  if (
    !isLocal ||
    serviceOf(host, callerPod.metadata.namespace, evidence) !== undefined ||
    serviceEntryOf(host, evidence) !== undefined
  )
    return undefined
  if (walk.reached.some(({ name }) => parseClusterName(name) !== undefined)) return undefined
  return {
    stage: 'route',
    ok: false,
    sure: true,
    name: host,
    objects: [],
    notes: [],
    says: `No Service ${host} exists: its name does not resolve.`,
    command: 'kubectl get services -A',
  }
}

/** The hop that a request for a headless Service never gets to which selects no pod: its name resolves to no address. */
function emptyService({ caller, callerPod, question, sent, evidence }: Trace): Hop | undefined {
  if (caller.kind !== 'sidecar' || evidence.seen('pods').length === 0) return undefined
  const service = serviceOf(question.host, callerPod.metadata.namespace, evidence)
  const selector = service?.spec?.selector
  if (service?.spec?.clusterIP !== 'None' || selector === undefined || Object.keys(selector).length === 0)
    return undefined
  const { name, namespace = '' } = service.metadata
  const isSelected = ({ metadata }: KubernetesObject): boolean =>
    metadata.namespace === namespace && selects(selector, metadata.labels)
  if (evidence.objects('pods').some(isSelected) || workloadEntries(selector, namespace, evidence).length > 0)
    return undefined
  return {
    stage: 'endpoints',
    ok: false,
    sure: true,
    name: `outbound|${sent.port}||${hostOfService(service)}`,
    objects: [refOf(service)],
    notes: [],
    says: `No pod is behind the headless Service ${namespace}/${name}: the name ${question.host} resolves to no address.`,
    command: `kubectl get endpointslices -n ${namespace} -l kubernetes.io/service-name=${name}`,
  }
}

/** Where a request ends whose host no DNS resolves: before any proxy sees it. */
export const unresolved = (trace: Trace): Hop | undefined => absentService(trace) ?? emptyService(trace)
