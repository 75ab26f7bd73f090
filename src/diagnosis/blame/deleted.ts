import { withoutQuery } from '../../mesh/walk/path.ts'
import { goneWith } from '../../checks/facts/gone-objects.ts'
import { isJudgedByOldPolicy, nearest } from '../../checks/facts/requests-to.ts'
import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import { servicesOf, workloadsBehind } from '../../checks/facts/owners.ts'
import { gatewayPods } from '../../checks/facts/proxies-of.ts'
import { routesFor } from '../../checks/facts/routes.ts'
import { lastReadinessChange, lastRoutingChange } from '../../checks/facts/traffic-of.ts'
import type { AccessLogLine } from '../../mesh/access-log.ts'
import type { KubernetesObject } from '../../mesh/objects.ts'
import { latestChange } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'
import { answerOf } from '../requests/answer.ts'
import type { Case, Lead } from './lead.ts'
import { value } from './lead.ts'

/** Kinds without which requests may be refused. */
const ALLOWING: ReadonlySet<string> = new Set(['AuthorizationPolicy', 'RequestAuthentication'])

/** What may act on requests without naming their target: an object that was given another host, pods that are chosen by labels, what else a route leads to. */
const ACTING = [
  'destination-rules',
  'gateways',
  'http-routes',
  'service-entries',
  'services',
  'sidecars',
  'virtual-services',
  'workload-entries',
] as const

/** Whether requests can fail so for want of an object of a kind. */
function canLack(kind: string, { code, flags, details = '' }: AccessLogLine): boolean {
  const isRefused = /^rbac|jwt_authn/.test(details) || code === 401 || (code === 403 && details !== 'via_upstream')
  // A policy that denies by name does so whether others are there or not.
  if (isRefused && /matched_policy\[(?!none)/.test(details)) return false
  if (ALLOWING.has(kind)) return isRefused
  if (kind === 'PeerAuthentication') return code === 0 || flags.length > 0 || isRefused
  return true
}

/**
 * The object that was deleted when requests began to fail, as istiod's log names it: nothing else that acts on them was changed since, they were answered before, and
 * an object of its kind can be what they lack.
 */
export function deletedLeads({ followed, target, evidence }: Case): Lead[] {
  const { requests, present, way } = followed
  const last = present.failures.at(-1)
  if (last === undefined) return []
  const namespaces = new Set([
    rootNamespaceOf(evidence),
    target.namespace,
    way?.trace.callerPod.metadata.namespace,
    requests.caller?.pod.namespace,
    ...target.services.map(({ namespace }) => namespace),
    ...gatewayPods(evidence, target).map(({ metadata }) => metadata.namespace),
    ...routesFor(evidence, target).map(({ metadata }) => metadata.namespace),
  ])
  const changed = Math.max(
    lastRoutingChange(evidence, target) ?? Infinity,
    lastReadinessChange(evidence, target),
    // Scaled to none, they leave no pod to tell of it.
    latestChange(servicesOf(target, evidence).flatMap((service) => workloadsBehind(service, evidence))),
    latestChange(
      ACTING.flatMap((kind): readonly KubernetesObject[] => evidence.objects(kind)).filter(({ metadata }) =>
        namespaces.has(metadata.namespace),
      ),
    ),
  )
  const { entry } = nearest(last)
  const isMeant = ({ kind, namespace }: Ref): boolean => namespaces.has(namespace) && canLack(kind, entry)
  const outcomes = requests.requests.flatMap((one) => {
    const answer = answerOf(one)
    return answer === 'answered' || answer === 'failed'
      ? [
          {
            at: Date.parse(one.entry.at),
            isAnswered: answer === 'answered',
            isOver: (moment: number) => isJudgedByOldPolicy(one, moment),
          },
        ]
      : []
  })
  const gone = goneWith(outcomes, changed, evidence, isMeant)
  if (gone === undefined) return []
  const answered = outcomes.filter(({ at, isAnswered }) => isAnswered && at < gone.at).length
  const { method = '', path = '' } = entry
  const asked = path === '' ? 'connections' : value(`${method} ${withoutQuery(path)}`)
  return [
    {
      code: ALLOWING.has(gone.ref.kind) || gone.ref.kind === 'PeerAuthentication' ? 'MESH0531' : 'MESH0131',
      isDeeper: true,
      subject: gone.ref,
      why: `it was deleted: ${asked} of ${value(requests.question.host)} ${answered === 1 ? 'was' : 'were'} answered before istiod told its proxies of that at ${new Date(gone.at).toISOString()}, fail since, and nothing else that acts on them was changed`,
      remedy: `Restore the ${gone.ref.kind} that was deleted`,
      because: [gone.because],
    },
  ]
}
