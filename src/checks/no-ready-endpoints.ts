import type { Evidence } from '../evidence/evidence.ts'
import { serviceHost } from '../mesh/host.ts'
import { parseClusterName } from '../mesh/envoy.ts'
import { nearestNames } from '../mesh/names.ts'
import type { Labels, Pod, Service } from '../mesh/objects.ts'
import { latestChange, refOf, selects } from '../mesh/objects.ts'
import { isReady } from '../mesh/pods.ts'
import type { Ref } from '../mesh/ref.ts'
import { sameRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import type { Args, Code, Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { byOwner, podScope, podsOf } from './owners.ts'
import type { Trouble } from './pod-trouble.ts'
import { troubleOf } from './pod-trouble.ts'
import { observed } from './traffic-of.ts'

const TRAFFIC: readonly Code[] = ['MESH0401', 'MESH0404']

/** A Service has no endpoint that is ready, or fewer than pods: which of crash, readiness, start, selector or scale it is. */
export const noReadyEndpoints = defineCheck({
  name: 'no-ready-endpoints',
  about: 'every pod behind the Service is ready, and its selector matches some',
  needs: ['services', 'pods', 'endpoint-slices'],
  confirms: ['endpoints', 'access-log', 'deployments', 'replica-sets', 'events'],
  problems: {
    MESH0301: {
      severity: 'error', title: 'application crashing', explains: TRAFFIC,
      says: 'Container {container} of {subject} keeps ending ({reason}, exit code {exitCode}, {restarts} restarts), so {host} has no ready endpoint',
      remedy: "Read why it ends: kubectl logs -n {namespace} {pod} -c {container} --previous",
    },
    MESH0302: {
      severity: 'error', title: 'no pod ready', explains: TRAFFIC,
      says: 'No pod of {subject} is ready ({reason}), so {host} has no ready endpoint',
      remedy: 'Make the readiness probe of {container} pass, or correct the probe: {reason}.',
    },
    MESH0303: {
      severity: 'error', title: 'selector matches no pod', explains: TRAFFIC,
      says: 'The selector {selector} of {subject} matches no pod, so {host} has no endpoint',
      remedy: 'Select labels that pods have; nearest: {nearest}.',
    },
    MESH0304: {
      severity: 'error', title: 'scaled to zero', explains: TRAFFIC,
      says: '{subject} is scaled to zero, so {host} has no endpoint',
      remedy: 'Scale {subject} up.',
    },
    MESH0305: {
      severity: 'error', title: 'pods cannot start', explains: TRAFFIC,
      says: 'The pods of {subject} cannot start ({reason}), so {host} has no ready endpoint',
      remedy: 'Mend what keeps {container} from starting: {reason}.',
    },
    MESH0306: {
      severity: 'warning', title: 'some pods not ready', explains: TRAFFIC,
      says: '{unready} of {pods} pods behind {host} are not ready; of {subject}: {reason}',
      remedy: 'Look at {pod}: {reason}.',
    },
  },
  run(evidence, target) {
    return evidence.objects('services')
      .filter((service) => target.services.some((ref) => sameRef(ref, refOf(service))) && service.spec?.type !== 'ExternalName' && Object.keys(service.spec?.selector ?? {}).length > 0)
      .flatMap((service) => judge(service, evidence, target))
  },
})

const CODES: Readonly<Record<Trouble['sort'], Code>> = { crashing: 'MESH0301', 'not-ready': 'MESH0302', 'not-starting': 'MESH0305' }

function judge(service: Service, evidence: Evidence, target: Target): Found[] {
  const { name, namespace = '' } = service.metadata
  const host = serviceHost(name, namespace)
  const pods = evidence.objects('pods').filter((pod) => pod.metadata.namespace === namespace && pod.metadata.deletionTimestamp === undefined && selects(service.spec?.selector, pod.metadata.labels))
  if (pods.length === 0) return [without(service, host, evidence)]
  const unready = pods.filter((pod) => !isReady(pod))
  if (unready.length === 0) return []
  const none = readyAddresses(service, evidence).length === 0
  // A workload is asked about for its own pods' sake, whatever the Service's others do.
  const own = podsOf(target, evidence)
  const concerned = target.ref.kind === 'Service' ? unready : unready.filter((pod) => own.includes(pod))
  return byOwner(concerned, evidence).map(({ owner, pods: [pod, ...others] }): Found => {
    const trouble = troubleOf(pod, evidence)
    const code = none ? CODES[trouble.sort] : 'MESH0306'
    const moment = Math.max(latestChange([service]), ...unready.map(notReadySince))
    return found(code, owner, host, { ...trouble.args, host, namespace, pod: pod.metadata.name, unready: unready.length, pods: pods.length }, [trouble.proof], moment, evidence, [pod, ...others])
  })
}

function found(code: Code, subject: Ref, host: string, args: Args, because: [Proof, ...Proof[]], moment: number, evidence: Evidence, pods: readonly Pod[]): Found {
  const live = unhealthyClusters(host, evidence)
  const seen = live.length === 0 ? [] : observed(evidence, [host], moment, 'found no healthy upstream', ({ flags }) => flags.includes('UH') || flags.includes('UF'))
  const standing = code === 'MESH0306' || (live.length > 0 && seen.length === 0) ? 'live' : seen.length > 0 ? 'observed' : 'configured'
  return { code, standing, subject, args, because: [...because, ...live, ...seen], scope: [host, ...pods.map(podScope)] }
}

/** The Service's selector matches nothing: because a workload has no replicas, or because the labels are others. */
function without(service: Service, host: string, evidence: Evidence): Found {
  const { namespace = '' } = service.metadata
  const selector = service.spec?.selector
  const idle = evidence.objects('deployments').find((deployment) => deployment.metadata.namespace === namespace && selects(selector, deployment.spec?.template?.metadata?.labels))
  const [services] = evidence.seen('services')
  const moment = latestChange([service, ...(idle === undefined ? [] : [idle])])
  const reading = evidence.seen('pods').find(({ of }) => of?.name === namespace) ?? evidence.seen('pods')[0] ?? services
  const because: [Proof] = [proof(reading ?? { kind: 'pods', source: '', at: '' }, `no pod in ${namespace} has ${text(selector)}`)]
  if (idle !== undefined) return found('MESH0304', refOf(idle), host, { host }, because, moment, evidence, [])
  return found('MESH0303', refOf(service), host, { host, selector: text(selector), nearest: nearestLabels(selector, namespace, evidence) }, because, moment, evidence, [])
}

const text = (labels: Labels | undefined): string => Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`).join(',')

function nearestLabels(selector: Labels | undefined, namespace: string, evidence: Evidence): string {
  const there = evidence.objects('pods').filter((pod) => pod.metadata.namespace === namespace).flatMap((pod) => Object.entries(pod.metadata.labels ?? {}).filter(([key]) => key in (selector ?? {})).map(([key, value]) => `${key}=${value}`))
  return nearestNames(text(selector), there)[0] ?? [...new Set(there)][0] ?? 'no pod has any of these labels'
}

function readyAddresses(service: Service, evidence: Evidence): string[] {
  return evidence.objects('endpoint-slices')
    .filter(({ metadata }) => metadata.namespace === service.metadata.namespace && metadata.labels?.['kubernetes.io/service-name'] === service.metadata.name)
    .flatMap(({ endpoints }) => endpoints ?? [])
    .flatMap(({ addresses = [], conditions }) => (conditions?.ready === false ? [] : addresses))
}

const notReadySince = (pod: Pod): number => Date.parse(pod.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? pod.metadata.creationTimestamp ?? '') || 0

/** Proxies whose cluster for the host has no healthy endpoint. */
function unhealthyClusters(host: string, evidence: Evidence): Proof[] {
  return evidence.seen('endpoints').flatMap((reading) => {
    const clusters = reading.value.filter(({ name = '' }) => { const parsed = parseClusterName(name); return parsed?.direction === 'outbound' && parsed.host === host })
    const states = clusters.flatMap(({ hostStatuses = [] }) => hostStatuses.map(({ address, healthStatus }) => ({ address: `${address?.socketAddress?.address ?? '?'}:${address?.socketAddress?.portValue ?? '?'}`, health: healthStatus?.edsHealthStatus ?? 'HEALTHY' })))
    if (states.some(({ health }) => health === 'HEALTHY')) return []
    return [proof(reading, `${reading.of?.name ?? 'a proxy'} has no healthy endpoint for ${host}`, states.length === 0 ? undefined : states.map(({ address, health }) => `${address} ${health}`).join('\n'))]
  })
}
