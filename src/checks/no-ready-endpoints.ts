import { labelsText } from '../mesh/labels.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { hostOfRule } from '../mesh/destination-rules.ts'
import { hostOfService } from '../mesh/host.ts'
import { nearestNames } from '../mesh/names.ts'
import type { Labels, Pod, Service, Workload } from '../mesh/objects.ts'
import { latestChange, refOf, selects } from '../mesh/objects.ts'
import { hasEnded, isReady, portNames } from '../mesh/pods.ts'
import type { Ref } from '../mesh/ref.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import { destinationsOf } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import type { Args, Code, Found, Proof, Standing } from './check.ts'
import { defineCheck, proof } from './check.ts'
import type { Endpoints } from './facts/endpoint-health.ts'
import { withoutHealthy } from './facts/endpoint-health.ts'
import { byOwner, podScope, podsOf } from './facts/owners.ts'
import type { Trouble } from './facts/pod-trouble.ts'
import { refusedPods, troubleOf } from './facts/pod-trouble.ts'
import { observed } from './facts/traffic-of.ts'
import type { StartUp } from './facts/start-up.ts'
import { startingOf } from './facts/start-up.ts'
import { podReading, readingFor } from './facts/readings.ts'

const TRAFFIC: readonly Code[] = ['MESH0401', 'MESH0403', 'MESH0404']

/** A Service has no endpoint that is ready, or fewer than pods: which of crash, readiness, start, selector, scale or port it is. */
export const noReadyEndpoints = defineCheck({
  name: 'no-ready-endpoints',
  about: 'every pod behind the Service is ready, and its selector matches some',
  needs: ['services', 'pods', 'endpoint-slices'],
  confirms: [
    'endpoints',
    'access-log',
    'deployments',
    'stateful-sets',
    'replica-sets',
    'events',
    'virtual-services',
    'destination-rules',
  ],
  problems: {
    MESH0301: {
      severity: 'error',
      title: 'application crashing',
      explains: TRAFFIC,
      says: 'Container {container} of {subject} keeps exiting ({reason}, exit code {exitCode}, {restarts} restarts), so {lost} has no ready endpoint',
      remedy: 'See why it exits: kubectl logs -n {namespace} {pod} -c {container} --previous',
    },
    MESH0302: {
      severity: 'error',
      title: 'no pod ready',
      explains: TRAFFIC,
      says: 'No pod of {subject} is ready ({reason}), so {lost} has no ready endpoint',
      remedy: 'Make the readiness probe of {container} pass, or correct the probe: {reason}.',
    },
    MESH0303: {
      severity: 'error',
      title: 'selector matches no pod',
      explains: TRAFFIC,
      says: 'The selector {selector} of {subject} matches no pod, so {host} has no endpoint',
      remedy: 'Select labels that pods have; nearest: {nearest}.',
    },
    MESH0304: {
      severity: 'error',
      title: 'scaled to zero',
      explains: TRAFFIC,
      says: '{subject} is scaled to zero, so {host} has no endpoint',
      remedy: 'Scale {subject} up.',
    },
    MESH0305: {
      severity: 'error',
      title: 'pods cannot start',
      explains: TRAFFIC,
      says: 'The pods of {subject} cannot start ({reason}), so {lost} has no ready endpoint',
      remedy: '{correction}.',
    },
    MESH0306: {
      severity: 'warning',
      title: 'some pods not ready',
      explains: TRAFFIC,
      says: '{unready} of {pods} pods behind {host} are not ready; of {subject}: {reason}',
      remedy: 'Look at {pod}: {reason}.',
    },
    MESH0311: {
      severity: 'info',
      title: 'pods starting',
      says: '{unready} of {pods} pods behind {host} are starting; of {subject}, created {age} ago: {clause}',
      remedy: 'Wait, and look again.',
    },
    MESH0307: {
      severity: 'error',
      title: 'target port not found',
      explains: TRAFFIC,
      says: 'Port {port} of {subject} leads to a container port named {targetPort}, which none of its pods has, so {host} has no endpoint at that port',
      remedy: 'Name one that they have ({names}), or give the port by number.',
    },
  },
  run(evidence, target) {
    return evidence
      .objects('services')
      .filter(
        (service) =>
          target.services.some((ref) => sameRef(ref, refOf(service))) &&
          service.spec?.type !== 'ExternalName' &&
          Object.keys(service.spec?.selector ?? {}).length > 0,
      )
      .flatMap((service) => judge(service, evidence, target))
  },
})

const CODES: Readonly<Record<Trouble['sort'], Code>> = {
  crashing: 'MESH0301',
  'not-ready': 'MESH0302',
  'not-starting': 'MESH0305',
}

function judge(service: Service, evidence: Evidence, target: Target): Found[] {
  const { namespace = '' } = service.metadata
  const host = hostOfService(service)
  const pods = evidence
    .objects('pods')
    .filter(
      (pod) =>
        pod.metadata.namespace === namespace &&
        pod.metadata.deletionTimestamp === undefined &&
        !hasEnded(pod) &&
        selects(service.spec?.selector, pod.metadata.labels),
    )
  if (pods.length === 0) return [withoutPods(service, host, evidence)]
  const unready = pods.filter((pod) => !isReady(pod))
  const starting = startingOf(unready, evidence)
  const startUps = new Map(starting.map(({ pod, startUp }) => [pod, startUp]))
  // A workload is asked about for its own pods' sake, whatever the Service's others do.
  const own = podsOf(target, evidence)
  const concerned = target.ref.kind === 'Service' ? unready : unready.filter((pod) => own.includes(pod))
  const moment = Math.max(latestChange([service]), ...unready.map(notReadySince))
  return [
    ...unnamedPorts(service, host, pods, evidence),
    ...byOwner(concerned, evidence).map(({ owner, pods: [pod, ...others] }): Found => {
      const all: [Pod, ...Pod[]] = [pod, ...others]
      const startUp = longest(all.map((one) => startUps.get(one)))
      if (startUp !== undefined)
        return {
          code: 'MESH0311',
          standing: 'configured',
          subject: owner,
          args: {
            host,
            unready: all.length,
            pods: pods.length,
            age: `${startUp.age} s`,
            clause: startUp.waits,
          },
          because: [proof(podReading(pod, evidence), `${pod.metadata.name}: ${startUp.waits}`)],
          scope: [host, ...all.map(podScope)],
        }
      const trouble = troubleOf(pod, evidence)
      const lost = lostBy(all, service, host, pods, evidence, target)
      const args = {
        ...trouble.args,
        host,
        namespace,
        pod: pod.metadata.name,
        unready: unready.length,
        pods: pods.length,
      }
      if (lost === undefined)
        return found('MESH0306', owner, { host, pods: all }, args, [trouble.proof], moment, evidence, all)
      return found(
        CODES[trouble.sort],
        owner,
        lost.endpoints,
        { ...args, lost: lost.lost },
        [trouble.proof],
        moment,
        evidence,
        all,
      )
    }),
  ]
}

/** Of pods that all are starting the one that is at it longest; undefined when one of them is not. */
function longest(startUps: readonly (StartUp | undefined)[]): StartUp | undefined {
  const known = startUps.filter((one) => one !== undefined)
  return known.length < startUps.length ? undefined : known.toSorted((a, b) => b.age - a.age)[0]
}

/** What callers cannot reach for want of these pods: the Service, a subset that requests are routed to, the workload that was asked about; undefined when others carry on. */
function lostBy(
  pods: readonly Pod[],
  service: Service,
  host: string,
  all: readonly Pod[],
  evidence: Evidence,
  target: Target,
): { lost: string; endpoints: Endpoints } | undefined {
  if (readyAddresses(service, evidence).length === 0) return { lost: host, endpoints: { host } }
  const subset = routedSubsets(host, evidence).find(({ labels }) => {
    const chosen = all.filter((pod) => selects(labels, pod.metadata.labels))
    return chosen.some((pod) => pods.includes(pod)) && !chosen.some(isReady)
  })
  if (subset !== undefined)
    return { lost: `subset ${subset.name} of ${host}`, endpoints: { host, subset: subset.name } }
  const own = podsOf(target, evidence)
  if (target.ref.kind === 'Service' || own.some(isReady)) return undefined
  return { lost: formatRef(target.ref), endpoints: { host, pods: own } }
}

/** The subsets of a host that VirtualServices send requests to. */
function routedSubsets(host: string, evidence: Evidence): { name: string; labels?: Labels }[] {
  const routed = new Set(
    evidence
      .objects('virtual-services')
      .flatMap(destinationsOf)
      .flatMap((to) =>
        to.host === host && to.subset !== undefined && to.weight !== 0 && !to.mirror ? [to.subset] : [],
      ),
  )
  return evidence
    .objects('destination-rules')
    .filter((rule) => hostOfRule(rule) === host)
    .flatMap((rule) => rule.spec?.subsets ?? [])
    .filter(({ name }) => routed.has(name))
}

function found(
  code: Code,
  subject: Ref,
  endpoints: Endpoints,
  args: Args,
  because: [Proof, ...Proof[]],
  moment: number,
  evidence: Evidence,
  pods: readonly Pod[],
): Found {
  const live = withoutHealthy(endpoints, evidence)
  const seen =
    live.length === 0 || code === 'MESH0306'
      ? []
      : observed(
          evidence,
          [endpoints.host],
          moment,
          'found no healthy upstream',
          ({ flags }) => flags.includes('UH') || flags.includes('UF'),
        )
  const standing: Standing = seen.length > 0 ? 'observed' : live.length > 0 ? 'live' : 'configured'
  return {
    code,
    standing,
    subject,
    args,
    because: [...because, ...live, ...seen],
    scope: [endpoints.host, ...pods.map(podScope)],
  }
}

/** No pod has the Service's labels: a workload that would make some has no replicas, or cannot make them; or the labels are others. */
function withoutPods(service: Service, host: string, evidence: Evidence): Found {
  const { namespace = '' } = service.metadata
  const selector = service.spec?.selector
  const makers: Workload[] = [...evidence.objects('deployments'), ...evidence.objects('stateful-sets')].filter(
    (one) => one.metadata.namespace === namespace && selects(selector, one.spec?.template?.metadata?.labels),
  )
  const maker = makers.find(({ spec }) => spec?.replicas !== 0) ?? makers[0]
  const reading = evidence.seen('pods').find(({ of }) => of?.name === namespace) ?? evidence.seen('services')[0]
  const none = proof(
    reading ?? { kind: 'pods', source: '', at: '' },
    `no pod in ${namespace} has ${labelsText(selector)}`,
  )
  const moment = latestChange([service, ...makers])
  if (maker === undefined)
    return found(
      'MESH0303',
      refOf(service),
      { host },
      { host, selector: labelsText(selector), nearest: nearestLabels(selector, namespace, evidence) },
      [none],
      moment,
      evidence,
      [],
    )
  if (maker.spec?.replicas === 0)
    return found('MESH0304', refOf(maker), { host }, { host }, [none], moment, evidence, [])
  const refused = refusedPods(maker, evidence)
  return found(
    'MESH0305',
    refOf(maker),
    { host },
    { host, lost: host, container: 'the pods', ...noPods(refused?.reason, maker) },
    [none, ...(refused === undefined ? [] : [refused.proof])],
    moment,
    evidence,
    [],
  )
}

const noPods = (refused: string | undefined, { kind, metadata }: Workload): Args => {
  const reason = refused ?? 'none has been created yet'
  return {
    reason,
    correction:
      refused === undefined
        ? `Look at the events of ${kind} \`${metadata.namespace ?? ''}/${metadata.name}\``
        : `Fix what keeps its pods from being created: \`${reason.replaceAll('`', "'")}\``,
  }
}

/** Ports that lead to a container port by a name no pod has: Kubernetes then makes endpoints without that port, and Envoy gets none. */
function unnamedPorts(service: Service, host: string, pods: readonly Pod[], evidence: Evidence): Found[] {
  const names = [...new Set(pods.flatMap(portNames))]
  return (service.spec?.ports ?? [])
    .filter(({ targetPort }) => typeof targetPort === 'string' && !names.includes(targetPort))
    .map(({ port, targetPort = '' }) => {
      const because = proof(
        readingFor('services', evidence),
        `targetPort ${targetPort}; the pods name ${names.join(', ') || 'none of their ports'}`,
      )
      return found(
        'MESH0307',
        refOf(service),
        { host },
        { port, targetPort, host, names: names.join(', ') || 'none is named' },
        [because],
        latestChange([service]),
        evidence,
        pods,
      )
    })
}

function nearestLabels(selector: Labels | undefined, namespace: string, evidence: Evidence): string {
  const there = evidence
    .objects('pods')
    .filter((pod) => pod.metadata.namespace === namespace)
    .flatMap((pod) =>
      Object.entries(pod.metadata.labels ?? {})
        .filter(([key]) => key in (selector ?? {}))
        .map(([key, value]) => `${key}=${value}`),
    )
  return nearestNames(labelsText(selector), there)[0] ?? [...new Set(there)][0] ?? 'no pod has any of these labels'
}

function readyAddresses(service: Service, evidence: Evidence): string[] {
  return evidence
    .objects('endpoint-slices')
    .filter(
      ({ metadata }) =>
        metadata.namespace === service.metadata.namespace &&
        metadata.labels?.['kubernetes.io/service-name'] === service.metadata.name,
    )
    .flatMap(({ endpoints }) => endpoints ?? [])
    .flatMap(({ addresses = [], conditions }) => (conditions?.ready === false ? [] : addresses))
}

const notReadySince = (pod: Pod): number =>
  Date.parse(
    pod.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ??
      pod.metadata.creationTimestamp ??
      '',
  ) || 0
