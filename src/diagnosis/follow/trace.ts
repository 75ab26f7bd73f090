import type { Evidence } from '../../evidence/evidence.ts'
import type { EvidenceKind } from '../../evidence/reading.ts'
import { redact } from '../../evidence/redaction.ts'
import type { Pod } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'
import type { OutboundWalk, ProxyConfiguration } from '../../mesh/walk/outbound.ts'
import { walkOutbound } from '../../mesh/walk/outbound.ts'
import { sentOn } from '../../mesh/walk/rewrite.ts'
import type { Sent } from './destination.ts'
import { sentFromPod, sentToGateway } from './destination.ts'
import type { FollowQuestion } from './question.ts'
import type { Caller, Stage } from './report.ts'
import { defined } from '../../mesh/defined.ts'

/** What hops are told from. */
export interface Trace {
  question: FollowQuestion
  caller: Caller
  callerPod: Pod
  sent: Sent
  proxy: ProxyConfiguration
  walk: OutboundWalk
  evidence: Evidence
  /** Commands name it when it is not the kubeconfig's current one. */
  context?: string
}

const STAGE_KINDS = {
  listener: 'listeners',
  route: 'routes',
  cluster: 'clusters',
  endpoints: 'endpoints',
  inbound: 'listeners',
} as const satisfies Record<Stage, EvidenceKind>

/** What was seen of one pod's proxy. */
export function proxyOf(pod: Ref, evidence: Evidence): ProxyConfiguration {
  const [listeners, routes, clusters, endpoints] = [
    evidence.seenOf('listeners', pod),
    evidence.seenOf('routes', pod),
    evidence.seenOf('clusters', pod),
    evidence.seenOf('endpoints', pod),
  ]
  return {
    ...(listeners !== undefined && { listeners: listeners.value }),
    ...(routes !== undefined && { routes: routes.value }),
    ...(clusters !== undefined && { clusters: clusters.value }),
    ...(endpoints !== undefined && { endpoints: endpoints.value }),
  }
}

/** Walks a request through its caller's proxy as it was seen. */
export function traceOf(
  question: FollowQuestion,
  caller: Caller,
  evidence: Evidence,
  context?: string,
): Trace | undefined {
  const callerPod = evidence.object('pods', caller.pod.namespace ?? '', caller.pod.name)
  if (callerPod === undefined) return undefined
  const sent =
    caller.kind === 'ingress'
      ? sentToGateway(question, callerPod, evidence)
      : sentFromPod(question, callerPod, evidence)
  const proxy = proxyOf(refOf(callerPod), evidence)
  return {
    question,
    caller,
    callerPod,
    sent,
    proxy,
    walk: walkOutbound(proxy, sent.connection, sent.request),
    evidence,
    ...defined({ context }),
  }
}

/** Why a part of a proxy's configuration was not seen: `unparsable (Unexpected end of JSON input)`. */
export function whyUnseen(stage: Stage, pod: Ref, evidence: Evidence): string {
  const blind = evidence
    .blind(STAGE_KINDS[stage])
    .find(({ of }) => of?.name === pod.name && of.namespace === pod.namespace)
  return blind === undefined ? 'it was not looked at' : `${blind.reason} (${redact(blind.detail)})`
}

/** An argument as a person would type it. */
const word = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

/** `istioctl proxy-config routes POD.NAMESPACE --name http.8080 -o json` */
export function proxyCommand(
  kind: 'listeners' | 'routes' | 'clusters' | 'endpoints',
  pod: Ref,
  flags: Readonly<Record<string, string | number | undefined>>,
  context: string | undefined,
): string {
  const said = Object.entries(flags).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [`--${name} ${word(String(value))}`],
  )
  return [
    'istioctl proxy-config',
    kind,
    `${pod.name}.${pod.namespace ?? ''}`,
    ...said,
    '-o json',
    ...(context === undefined ? [] : [`--context ${word(context)}`]),
  ].join(' ')
}

/** The request as it leaves for a cluster: as the route that sends it there rewrites it. */
export function requestTo(cluster: string, { walk, sent }: Trace): ReturnType<typeof sentOn> {
  const branch = walk.route?.branches.find(
    ({ outcome }) => outcome.kind === 'clusters' && outcome.clusters.some(({ name }) => name === cluster),
  )
  return branch?.route === undefined ? { request: sent.request, unsure: [] } : sentOn(sent.request, branch.route)
}
