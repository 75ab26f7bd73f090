import type { Evidence } from '../evidence/evidence.ts'
import { redact, withoutSecrets } from '../evidence/redaction.ts'
import { hasProxy } from '../mesh/pods.ts'
import { uniqueRefs } from '../mesh/ref.ts'
import { calleesOf, isLookedAt } from './follow/callee.ts'
import { clusterHop } from './follow/cluster-hop.ts'
import { endpointsHop } from './follow/endpoints-hop.ts'
import { inboundHop } from './follow/inbound-hop.ts'
import { listenerHop } from './follow/listener-hop.ts'
import type { FollowQuestion } from './follow/question.ts'
import type { Caller, FollowReport, Hop, Stage } from './follow/report.ts'
import { STAGES } from './follow/report.ts'
import { routeHop } from './follow/route-hop.ts'
import type { Trace } from './follow/trace.ts'
import { traceOf } from './follow/trace.ts'

/** Hops that fail come first among those of their stage. */
const inOrder = (hops: readonly Hop[]): Hop[] =>
  hops.toSorted((a, b) => STAGES.indexOf(a.stage) - STAGES.indexOf(b.stage) || Number(a.ok) - Number(b.ok))

function hopsOf(trace: Trace): Hop[] {
  const listener = listenerHop(trace)
  if (!listener.ok && (listener.sure || trace.walk.chain === undefined)) return [listener]
  const route = routeHop(trace)
  const { reached } = trace.walk
  return inOrder([
    listener,
    ...(route === undefined ? [] : [route]),
    ...reached.map((share) => clusterHop(share, trace)),
    ...reached.flatMap(({ name }) => endpointsHop(name, trace) ?? []),
    ...calleesOf(trace)
      .filter(({ pod }) => !hasProxy(pod) || isLookedAt(pod, trace.evidence))
      .map((callee) => inboundHop(callee, trace)),
  ])
}

/** Characters of a headline, and of the request in it. */
const MOST_HEADLINE = 150
const MOST_REQUEST = 80

const PLACES: Readonly<Record<Stage, string>> = {
  listener: 'listener',
  route: 'route',
  cluster: 'cluster',
  endpoints: 'endpoints',
  inbound: "callee's pod",
}

/** Percent of the requests that fail at one of some hops: of what an injected fault lets pass, the shares of the clusters that lead nowhere. */
function failingShare(died: readonly Hop[], trace: Trace): number {
  const { walk } = trace
  const callees = calleesOf(trace)
  const isDead = (cluster: string): boolean => {
    const behind = callees.filter((one) => one.cluster === cluster)
    return (
      died.some(({ stage, name }) => stage !== 'inbound' && name === cluster) ||
      (behind.length > 0 &&
        behind.every(({ pod }) => died.some(({ stage, name }) => stage === 'inbound' && name === pod.metadata.name)))
    )
  }
  const isWhole = died.some(({ stage }) => stage === 'listener')
  const [branch] = walk.route?.branches ?? []
  const aborted = branch?.answers.find(({ kind, share }) => kind === 'fault' && share !== undefined)?.share ?? 0
  const isRoute = died.some(({ stage }) => stage === 'route')
  if (isWhole || (isRoute && aborted === 0)) return 100
  const dead = walk.clusters.filter(({ name }) => isDead(name)).reduce((sum, { weight }) => sum + weight, 0)
  const isSomething = dead > 0 || aborted > 0
  return isSomething ? Math.min(100, aborted + ((100 - aborted) * dead) / 100) : 100
}

/** A headline with its reason where both fit in a line of a message; else the hops alone say it. */
function withReason(what: string, reasons: readonly string[]): string {
  const [reason, ...more] = [...new Set(reasons)]
  const whole = `${what}: ${reason ?? ''}`
  return reason === undefined || more.length > 0 || whole.length > MOST_HEADLINE ? `${what}.` : whole
}

/** What stands above a way that fails at some hops: the share of the requests, the request, and where. */
export function failingHeadline(request: string, share: number, died: readonly Hop[]): string {
  const places = [...new Set(died.map(({ stage }) => PLACES[stage]))].join(' and the ')
  const which = share < 99.5 ? `${Math.round(share)} % of requests like ${request} fail` : `${request} fails`
  return withReason(
    `${which} at the ${places}`,
    died.map(({ says }) => says),
  )
}

function headlineOf(hops: readonly Hop[], trace: Trace): string {
  const { question, sent } = trace
  const { request } = sent
  const { method, scheme, authority, path } = request
  const what = shortened(`${method} ${scheme}://${authority}${path.replace(/\?.*$/s, '?…')}`, MOST_REQUEST)
  const died = hops.filter(({ ok, sure }) => !ok && sure)
  if (died.length > 0) return failingHeadline(what, failingShare(died, trace), died)
  const unsure = hops.find(({ sure }) => !sure)
  if (unsure !== undefined) return withReason(`${what}: unclear at the ${PLACES[unsure.stage]}`, [unsure.says])
  const last = hops.at(-1)
  if (last?.stage === 'inbound') {
    const pods = hops.filter(({ stage }) => stage === 'inbound').map(({ name }) => name)
    const all = `${what} arrives at ${pods.join(', ')}.`
    return all.length <= MOST_HEADLINE ? all : `${what} arrives at ${pods.length} pods.`
  }
  return last?.stage === 'route'
    ? withReason(`${what} is answered on the way`, [last.says])
    : withReason(`${what} leaves for ${shortened(question.host, MOST_REQUEST)}`, last === undefined ? [] : [last.says])
}

const shortened = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`)

const outcomeOf = (hops: readonly Hop[]): FollowReport['outcome'] =>
  hops.some(({ ok, sure }) => !ok && sure) ? 'dies' : hops.some(({ sure }) => !sure) ? 'unclear' : 'arrives'

/** Tells a request's way from what was seen of its caller's and callees' proxies. */
export function followIn(
  question: FollowQuestion,
  caller: Caller,
  evidence: Evidence,
  { context, at }: { context?: string | undefined; at: string },
): FollowReport {
  const trace = traceOf(question, caller, evidence, context)
  if (trace === undefined) throw new TypeError(`${caller.pod.name} is not among the pods that were seen`)
  const { sent, walk } = trace
  const hops = hopsOf(trace)
  const pods = hops
    .filter(({ stage }) => stage === 'endpoints')
    .flatMap(({ objects: refs }) => refs.filter(({ kind }) => kind === 'Pod'))
  return withoutSecrets({
    asked: question.text,
    caller,
    hops,
    clusters: walk.clusters,
    request: {
      method: sent.request.method,
      scheme: sent.request.scheme,
      host: question.host,
      port: sent.port,
      path: redact(sent.request.path),
      headers: JSON.parse(redact(JSON.stringify(Object.fromEntries(question.headers)))) as Record<string, string>,
    },
    dies: hops.find(({ ok, sure }) => !ok && sure)?.stage ?? null,
    outcome: outcomeOf(hops),
    headline: headlineOf(hops, trace),
    pods: uniqueRefs(pods),
    at,
  })
}
