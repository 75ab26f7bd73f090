import type { Evidence } from '../../evidence/evidence.ts'
import { parseClusterName } from '../../mesh/envoy.ts'
import { hostOfService } from '../../mesh/host.ts'
import type { Pod, Service } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { hasProxy, portAtPod } from '../../mesh/pods.ts'
import type { Ref } from '../../mesh/ref.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { Target } from '../../mesh/target.ts'
import type { Found } from '../check.ts'
import { proof } from '../check.ts'
import { ownerOf } from './owners.ts'
import type { Group, Request } from './requests-to.ts'
import { groupBy, latest, nearest, passedOn, scopeOf } from './requests-to.ts'
import { quoteLine } from './traffic-of.ts'

/** Requests that came as far as the target's pods and failed there. */
interface OwnEnd {
  /** `answered`: the application gave the error; `unreachable`: the sidecar could not connect to the application. */
  sort: 'answered' | 'unreachable'
  subject: Ref
  group: Group
}

/** Failures that the target's own end shows, by what happened and what a person would change; the callers' side has to explain the others. */
export function failuresAtOwnEnd(failures: readonly Request[], evidence: Evidence, target: Target): OwnEnd[] {
  const judged = failures.flatMap((request) => {
    const sort = sortOf(request)
    if (sort === undefined || request.pod === undefined) return []
    return [
      {
        request,
        sort,
        subject:
          (sort === 'unreachable' ? serviceToBlame(request, request.pod, evidence, target) : undefined) ??
          ownerOf(request.pod, evidence),
      },
    ]
  })
  const byRequest = new Map(judged.map((one) => [one.request, one] as const))
  const of = (request: Request): (typeof judged)[number] | undefined => byRequest.get(request)
  return groupBy(
    judged.map(({ request }) => request),
    (request) => {
      const one = of(request)
      return `${one?.sort ?? ''} ${one === undefined ? '' : formatRef(one.subject)}`
    },
  ).flatMap((group) => {
    const one = of(group[0])
    return one === undefined ? [] : [{ sort: one.sort, subject: one.subject, group }]
  })
}

/** The sidecar's line decides, or the caller's when there is no sidecar that could have answered instead of the application. */
function sortOf(request: Request): OwnEnd['sort'] | undefined {
  const { entry } = nearest(request)
  const own = request.inner?.entry === entry
  if (own && entry.flags.includes('UF')) return 'unreachable'
  const fromApplication = entry.flags.length === 0 && entry.details === 'via_upstream'
  return fromApplication && (own || (request.pod !== undefined && !hasProxy(request.pod))) ? 'answered' : undefined
}

const portOf = ({ entry }: Request): number => Number(/:(\d+)$/.exec(entry.upstreamHost ?? '')?.[1])
const declaredPorts = (pod: Pod): number[] => [
  ...new Set((pod.spec?.containers ?? []).flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort))),
]

/** The Service is the odd one out when its pods declare ports, and not the one it leads to. */
function serviceToBlame(request: Request, pod: Pod, evidence: Evidence, target: Target): Ref | undefined {
  const ports = declaredPorts(pod)
  const port = portOf(request)
  if (ports.length === 0 || ports.includes(port)) return undefined
  // A route may have led the request to another Service than the target's own.
  const asked = parseClusterName(request.entry.upstreamCluster ?? '')
  const isAsked = (service: Service): boolean =>
    asked?.direction === 'outbound' && asked.host === hostOfService(service)
  const leadsThere = (one: Service): boolean =>
    one.metadata.namespace === pod.metadata.namespace &&
    (isAsked(one) || target.services.some(({ name }) => name === one.metadata.name)) &&
    (one.spec?.ports ?? []).some((each) => typeof each.targetPort !== 'string' && portAtPod(pod, one, each) === port)
  const service = evidence.objects('services').find(leadsThere)
  return service === undefined ? undefined : refOf(service)
}

/** What happened at the target's own end, as a finding; the last failure is the proof. */
export function foundAtOwnEnd({ sort, subject, group }: OwnEnd, requests: number, target: Target): Found {
  const last = latest(group)
  const { entry, log } = nearest(last)
  const pods = [...new Set(group.flatMap(({ pod }) => pod?.metadata.name ?? []))]
  const common = { standing: 'observed' as const, subject, scope: scopeOf(group, target) }
  if (sort === 'answered') {
    const codes = [...new Set(group.map((request) => nearest(request).entry.code))].toSorted()
    return {
      ...common,
      code: 'MESH0402',
      args: {
        code: codes.length === 1 ? entry.code : codes.map(String),
        failed: group.length,
        requests,
        namespace: subject.namespace ?? '',
        pod: last.pod?.metadata.name ?? '',
      },
      because: [
        proof(
          log,
          `${group.length} requests were answered ${codes.join(' or ')} by the application since the last change`,
          quoteLine(entry),
        ),
      ],
    }
  }
  const ports = last.pod === undefined ? [] : declaredPorts(last.pod)
  return {
    ...common,
    code: 'MESH0405',
    args: {
      pods,
      port: portOf(last),
      failed: group.length,
      requests,
      failure: (entry.failure ?? entry.details ?? 'no reason given').replaceAll('_', ' '),
      declared: ports.length === 0 ? 'none' : ports.map(String),
    },
    because: [
      proof(
        log,
        `${group.length} requests reached the sidecar since the last change, and not the application`,
        quoteLine(entry),
      ),
      ...passedOn(last, log),
    ],
  }
}
