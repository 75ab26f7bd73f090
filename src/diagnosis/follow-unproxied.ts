import { podAt, type Request } from '../checks/facts/requests-to.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { redact, withoutSecrets } from '../evidence/redaction.ts'
import { ipOf, portOf } from '../mesh/address.ts'
import { defined } from '../mesh/defined.ts'
import { refOf, type Pod } from '../mesh/objects.ts'
import { uniqueRefs } from '../mesh/ref.ts'
import { requestOf } from './follow/destination.ts'
import { hopInto } from './follow/inbound-hop.ts'
import type { FollowReport, Hop } from './follow/report.ts'
import { failingHeadline } from './follow-in.ts'
import type { RequestClass } from './requests/classes.ts'

/** Pods whose proxies are looked into, at most; one of each workload. */
const MOST_PODS = 3

/**
 * The path of what a caller without a proxy sends, from the pods on whose own logs it is known by, through their live configuration. Undefined for a class of
 * another kind, and unless it fails there for certain: what such a caller does before is not known.
 */
export function followUnproxied(
  { caller, question, requests }: RequestClass,
  evidence: Evidence,
  { context, at }: { context?: string | undefined; at: string },
): FollowReport | undefined {
  if (caller !== undefined) return undefined
  const arrivals = arrivalsOf(requests, evidence)
  const [first] = arrivals
  if (first === undefined) return undefined
  const isTls = first.request.entry.serverName !== undefined
  const request = requestOf(question, isTls)
  const hops = arrivals.map(({ pod, port, request: { entry } }): Hop => {
    const { serverName, downstreamRemote } = entry
    const connection = {
      port,
      ...defined({ address: pod.status?.podIP, source: ipOf(downstreamRemote) }),
      ...(serverName !== undefined && { tls: { sni: serverName, alpn: [] } }),
    }
    return hopInto({ pod }, { connection, inside: 'http', request, unsure: [], isUnproxied: true }, evidence, context)
  })
  const failing = hops.filter(({ ok, sure }) => !ok && sure)
  if (failing.length === 0) return undefined
  const from = podAt(first.request.entry.downstreamRemote, evidence)
  // Pods on their node's own network share its address.
  const pod = from?.spec?.hostNetwork === true ? undefined : from
  const what = `A connection of ${pod?.metadata.name ?? 'a caller without a sidecar'} to port ${first.port}`
  return withoutSecrets({
    asked: question.text,
    unproxied: defined({ pod: pod && refOf(pod) }),
    hops,
    clusters: [],
    request: {
      method: request.method,
      scheme: request.scheme,
      host: question.host,
      port: question.port ?? first.port,
      path: redact(request.path),
      headers: {},
    },
    dies: 'inbound',
    outcome: 'dies',
    headline: failingHeadline(what, (100 * failing.length) / hops.length, failing),
    pods: uniqueRefs(arrivals.map((one) => refOf(one.pod))),
    at,
  })
}

interface Arrival {
  pod: Pod
  port: number
  request: Request
}

/** The last request to one pod of each workload, of pods whose listeners were read. */
function arrivalsOf(requests: readonly Request[], evidence: Evidence): Arrival[] {
  const workloads = new Set<string>()
  return requests
    .toReversed()
    .flatMap((request): Arrival[] => {
      const { of } = request.log
      const pod = of === undefined ? undefined : evidence.object('pods', of.namespace ?? '', of.name)
      const port = portOf(request.entry.downstreamLocal)
      return pod === undefined || port === undefined || evidence.seenOf('listeners', refOf(pod)) === undefined
        ? []
        : [{ pod, port, request }]
    })
    .filter(({ pod: { metadata } }) => {
      const owner = `${metadata.namespace ?? ''}/${metadata.ownerReferences?.[0]?.name ?? metadata.name}`
      return !workloads.has(owner) && workloads.add(owner).size > 0
    })
    .slice(0, MOST_PODS)
}
