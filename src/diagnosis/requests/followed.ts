import { withoutQuery } from '../../mesh/walk/path.ts'
import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import { podsOf } from '../../checks/facts/owners.ts'
import { gatewaysFor } from '../../checks/facts/proxies-of.ts'
import { routesFor } from '../../checks/facts/routes.ts'
import { selectedBy } from '../../checks/facts/workload-entries.ts'
import type { ReferenceGrant } from '../../mesh/gateway-api.ts'
import { ipOf, portOf } from '../../mesh/address.ts'
import { PRESENT, trafficCountsFrom } from '../../checks/facts/traffic-of.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { defined } from '../../mesh/defined.ts'
import { latestChange, refOf } from '../../mesh/objects.ts'
import { sameRef } from '../../mesh/ref.ts'
import type { Target } from '../../mesh/target.ts'
import type { FollowReport, Hop } from '../follow/report.ts'
import type { Trace } from '../follow/trace.ts'
import { traceOf } from '../follow/trace.ts'
import { serviceEntryOf, serviceOf } from '../follow/destination.ts'
import { parseClusterName } from '../../mesh/envoy.ts'
import { since, type AccessLogLine } from '../../mesh/access-log.ts'
import { fromFqdn, hostMatches } from '../../mesh/host.ts'
import { Pace } from '../pace.ts'
import { followIn } from '../follow-in.ts'
import { madeClasses } from './made-classes.ts'
import { nearest, type Request } from '../../checks/facts/requests-to.ts'
import type { RequestClass } from './classes.ts'
import { classKey, seenClasses } from './classes.ts'
import type { ProbedClass } from './probed-class.ts'
import { probeRequests } from './probed-class.ts'
import type { Present } from './present.ts'
import { answerOf } from './answer.ts'
import { gonePort, type GonePort } from './gone-port.ts'
import { presentByDestination } from './by-destination.ts'
import { presentOf } from './present.ts'
import { failsByWhatIsAsked, isBare, lastAnswerAtTarget, maySayMore } from './unread.ts'

/** The way of a class through the live configuration of its own caller, and what is foreseen for it. */
export interface Way {
  trace: Trace
  report: FollowReport
  /** `unknown`: what happens depends on what is not known of the request, or on a piece that could not be seen. */
  foreseen: 'arrives' | 'fails' | 'unknown'
  /** The hops at which it fails for certain. */
  failing: Hop[]
}

/** A class of requests with its way and what was observed of it. */
export interface Followed {
  requests: RequestClass
  /** Absent when its caller's proxy was not read. */
  way?: Way
  present: Present
  /**
   * - `fails`: it was seen to fail and goes on, or is foreseen to fail and was not seen to be answered
   * - `contradicted`: it is foreseen to fail and is answered all the same
   */
  outcome: 'arrives' | 'fails' | 'contradicted' | 'unknown'
  standing: 'observed' | 'live'
  /** Probes of ours among its requests. */
  probes?: number
  /** The port of the Service that its client asked for, and that is gone. */
  gone?: GonePort
  /** True when a probe failed and no log shows how. */
  isDoubtful?: boolean
}

/** True for a grant beside the target, or for objects of the namespaces whose routes and Gateways lead to it. */
function concernsTarget({ metadata, spec }: ReferenceGrant, target: Target, evidence: Evidence): boolean {
  const beside = [target.namespace, ...target.services.map(({ namespace }) => namespace)]
  const leading = [...routesFor(evidence, target), ...gatewaysFor(evidence, target)].map(
    (one) => one.metadata.namespace,
  )
  return beside.includes(metadata.namespace) || (spec?.from ?? []).some(({ namespace }) => leading.includes(namespace))
}

/** When what concerns all requests for the target changed last (milliseconds since the epoch): requests from before prove nothing of now. */
function lastChange(target: Target, evidence: Evidence): number {
  const now = Math.max(0, ...evidence.seen('access-log').map(({ at }) => Date.parse(at)))
  const entries = evidence
    .objects('service-entries')
    .filter(({ spec }) => (spec?.hosts ?? []).some((entry) => target.hosts.some((host) => hostMatches(entry, host))))
  return Math.max(
    trafficCountsFrom(evidence, target) ?? now - PRESENT,
    latestChange([
      ...entries,
      ...entries.flatMap((entry) => selectedBy(entry, evidence)),
      ...evidence.objects('reference-grants').filter((one) => concernsTarget(one, target, evidence)),
    ]),
  )
}

/** When what shapes the proxies at the ends of a class changed last: Sidecars and EnvoyFilters act in their own namespace, or from the root one. */
function lastChangeFor({ caller }: RequestClass, target: Target, evidence: Evidence): number {
  const namespaces = new Set([rootNamespaceOf(evidence), target.namespace, caller?.pod.namespace])
  const acting = [...evidence.objects('sidecars'), ...evidence.objects('envoy-filters')]
  return latestChange(acting.filter(({ metadata }) => namespaces.has(metadata.namespace ?? '')))
}

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

function wayOf({ caller, question }: RequestClass, evidence: Evidence, options: FollowOptions): Way | undefined {
  if (caller === undefined || evidence.seenOf('listeners', caller.pod) === undefined) return undefined
  const trace = traceOf(question, caller, evidence, options.context)
  if (trace === undefined) return undefined
  const report = followIn(question, caller, evidence, options)
  const absent = absentService(trace)
  const failing = [...(absent === undefined ? [] : [absent]), ...report.hops.filter(({ ok, sure }) => !ok && sure)]
  return {
    trace,
    report,
    failing,
    foreseen: failing.length > 0 ? 'fails' : report.outcome === 'arrives' ? 'arrives' : 'unknown',
  }
}

export interface FollowOptions {
  context?: string | undefined
  at: string
  /** What probes tell, by the keys of their classes. */
  probed?: ReadonlyMap<string, ProbedClass> | undefined
}

const UPDATES: Readonly<Record<Hop['stage'], string>> = {
  listener: 'LDS',
  route: 'RDS',
  cluster: 'CDS',
  endpoints: 'EDS',
  inbound: 'LDS',
}

/** When the piece at which a class fails was last sent to the proxy (milliseconds since the epoch): requests from before met another. Now when nobody knows. */
function lastUpdate({ failing: [hop], trace }: Way, evidence: Evidence): number {
  if (hop === undefined) return 0
  const pod =
    hop.stage === 'inbound' ? { namespace: trace.callerPod.metadata.namespace, name: hop.name } : trace.caller.pod
  const sync = evidence
    .seen('proxy-status')
    .flatMap(({ value }) => value)
    .find(({ name, namespace }) => name === pod.name && (hop.stage === 'inbound' || namespace === pod.namespace))
  const at = sync?.types.find(({ type }) => type === UPDATES[hop.stage])?.lastUpdated
  return at === undefined ? Number.POSITIVE_INFINITY : Date.parse(at)
}

/**
 * What the clients of a class that only the target's own log tells of got later, as that log has it: for the same request, or for any at the same port when they were
 * turned away before one was read. By then their proxies' logs may tell of it too, and it stands in another class.
 */
function gotSince(one: RequestClass, classes: readonly RequestClass[]): Request[] {
  if (one.caller !== undefined) return []
  const isBare = one.requests.every(({ entry }) => entry.authority === undefined)
  const keyOf = ({ inner }: Request): string | undefined => {
    const { downstreamRemote, downstreamLocal, authority, method, path } = inner?.entry ?? {}
    const ip = ipOf(downstreamRemote)
    const asked = isBare ? [] : [authority, method, path === undefined ? undefined : withoutQuery(path)]
    return ip === undefined ? undefined : JSON.stringify([ip, portOf(downstreamLocal), ...asked])
  }
  const clients = new Set(one.requests.flatMap((each) => keyOf(each) ?? []))
  return classes
    .filter((other) => other !== one)
    .flatMap(({ requests }) => requests)
    .filter(
      (each) =>
        // Those that failed count in their own class.
        each.entry.authority !== undefined && answerOf(each) === 'answered' && clients.has(keyOf(each) ?? ''),
    )
}

/**
 * What the same caller got for the same request where its failures name no destination: a route hands such requests to other Services,
 * whose answers stand in no class of the target.
 */
function answeredElsewhere({ caller, requests }: RequestClass, evidence: Evidence): Request[] {
  const log = caller === undefined ? undefined : evidence.seenOf('access-log', caller.pod)
  const [first] = requests
  const isWithout = ({ entry: { upstreamCluster } }: Request): boolean => upstreamCluster === undefined
  if (log === undefined || first === undefined || !requests.every(isWithout)) return []
  const keyOf = ({ authority, downstreamLocal, method, path }: AccessLogLine): string =>
    JSON.stringify([authority, portOf(downstreamLocal), method, path === undefined ? undefined : withoutQuery(path)])
  const wanted = keyOf(first.entry)
  const began = Date.parse(first.entry.at)
  return first.entry.authority === undefined
    ? []
    : since(log.value.lines, began)
        .filter((entry) => entry.upstreamCluster?.startsWith('outbound|') === true && keyOf(entry) === wanted)
        .map((entry): Request => ({ entry, log }))
        .filter((each) => answerOf(each) === 'answered')
}

/**
 * What the same caller got later at a port to which its connections failed while its proxy took them for plain TCP: the port is HTTP's since,
 * and its requests stand in classes of their own.
 */
function answeredAsHttp({ caller, requests }: RequestClass, classes: readonly RequestClass[]): Request[] {
  if (caller === undefined || requests.some(({ entry: { method } }) => method !== undefined)) return []
  const ports = new Set(requests.map(({ entry }) => portOf(entry.downstreamLocal)))
  return classes
    .filter((other) => other.caller !== undefined && sameRef(other.caller.pod, caller.pod))
    .flatMap((other) => other.requests)
    .filter(
      (each) =>
        each.entry.method !== undefined &&
        ports.has(portOf(each.entry.downstreamLocal)) &&
        answerOf(each) === 'answered',
    )
}

function follow(
  requests: RequestClass,
  classes: readonly RequestClass[],
  { moment, target }: { moment: number; target: Target },
  evidence: Evidence,
  options: FollowOptions,
): Followed {
  const gone = gonePort(requests, classes, target, evidence)
  if (gone !== undefined)
    return { requests, present: { requests: 0, failures: [], state: 'none' }, gone, outcome: 'fails', standing: 'live' }
  const way = wayOf(requests, evidence, options)
  const whole = presentOf(
    [
      ...requests.requests,
      ...gotSince(requests, classes),
      ...answeredElsewhere(requests, evidence),
      ...answeredAsHttp(requests, classes),
    ],
    moment,
  )
  const present =
    whole.state === 'over' || whole.state === 'few'
      ? (presentByDestination(requests.requests, moment, way?.trace.walk.route?.virtualHost?.routes ?? []) ?? whole)
      : whole
  const one = { requests, present, ...defined({ way }) }
  if (present.state === 'fails') return { ...one, outcome: 'fails', standing: 'observed' }
  if (way?.foreseen === 'fails' && isBare(requests) && failsByWhatIsAsked(way)) {
    const last = lastAnswerAtTarget(requests, classes, moment)
    if (last === undefined) return { ...one, outcome: 'unknown', standing: 'live' }
    if (last === 'answered') return { ...one, outcome: 'contradicted', standing: 'observed' }
  }
  // Requests that are alike in all that logs tell may differ in a header: those without it fail, and others are answered.
  if (way?.foreseen === 'fails' && maySayMore(way)) {
    // Of a trouble that is past only those failed as is foreseen that no route took.
    const failures =
      present.state === 'over'
        ? present.failures.filter((each) => nearest(each).entry.flags.includes('NR'))
        : present.failures
    if (failures.length > 1) return { ...one, outcome: 'fails', standing: 'observed' }
    if (present.state === 'answered') return { ...one, outcome: 'contradicted', standing: 'observed' }
  }
  if (way?.foreseen === 'fails') {
    const updated = lastUpdate(way, evidence)
    const wasAnswered = requests.requests.some(
      (request) => Date.parse(request.entry.at) > Math.max(moment, updated) && answerOf(request) === 'answered',
    )
    // Nobody was seen to ask since, and no object names the host: it may have been given up on purpose.
    if (!requests.isNamed && !wasAnswered && present.failures.length === 0)
      return { ...one, outcome: 'unknown', standing: 'live' }
    return wasAnswered
      ? { ...one, outcome: 'contradicted', standing: 'observed' }
      : { ...one, outcome: 'fails', standing: present.failures.length > 0 ? 'observed' : 'live' }
  }
  const seen =
    present.state === 'answered' ||
    present.state === 'over' ||
    (present.state === 'few' && present.failures.length < present.requests)
  return {
    ...one,
    outcome: seen || way?.foreseen === 'arrives' ? 'arrives' : 'unknown',
    standing: seen ? 'observed' : 'live',
  }
}

/** Follows a class that probes were sent for. That one failed and no log shows how, or that the only ones there are failed, is never "arrives". */
function followProbed(
  one: RequestClass,
  probed: ProbedClass,
  classes: readonly RequestClass[],
  since: { moment: number; target: Target },
  evidence: Evidence,
  options: FollowOptions,
): Followed {
  const own = probeRequests(probed, evidence)
  const followed = follow({ ...one, requests: [...one.requests, ...own] }, classes, since, evidence, options)
  const { present, outcome } = followed
  const isDoubtful = probed.isDoubtful || (present.requests > 0 && present.failures.length === present.requests)
  return {
    ...followed,
    ...(own.length > 0 && { probes: own.length }),
    ...(isDoubtful && outcome === 'arrives' && { outcome: 'unknown', isDoubtful }),
  }
}

/** From this share on, of at least so many requests of one caller for one host, declined ones are what nobody wants. */
const DECLINED = { share: 0.9, requests: 5 }

/** Classes whose caller gets nothing for a host but 3xx and 4xx fail, though nothing shows that it was ever otherwise. */
function withAllDeclined(followed: readonly Followed[], momentOf: (requests: RequestClass) => number): Followed[] {
  const keyOf = ({ requests: { caller, question } }: Followed): string => `${caller?.pod.name ?? ''} ${question.host}`
  const current = ({ requests }: Followed): Request[] => {
    const moment = momentOf(requests)
    return requests.requests.filter(({ entry }) => entry.probe === undefined && Date.parse(entry.at) > moment)
  }
  // A login that every request is sent to, or a token that all lack, is how an application may be meant.
  const isUnwanted = ({ way }: Followed, request: Request): boolean => {
    const { code, upstreamCluster } = request.entry
    if (answerOf(request) !== 'declined' || code === 401 || code === 403) return false
    const rewrites = (way?.trace.walk.route?.branches ?? []).some(
      ({ route }) => route?.route?.prefixRewrite !== undefined || route?.route?.regexRewrite !== undefined,
    )
    return code >= 400 || upstreamCluster === undefined || rewrites
  }
  const declined = new Set(
    [...Map.groupBy(followed, keyOf)].flatMap(([key, group]) => {
      const all = group.flatMap(current)
      const unwanted = group.flatMap((one) => current(one).filter((request) => isUnwanted(one, request)))
      const share = unwanted.length / all.length
      return all.length >= DECLINED.requests && share >= DECLINED.share ? [key] : []
    }),
  )
  return followed.map((one) => {
    const failures = current(one).filter((each) => isUnwanted(one, each))
    if (!declined.has(keyOf(one)) || one.outcome === 'fails' || failures.length === 0) return one
    return {
      ...one,
      outcome: 'fails',
      standing: 'observed',
      present: { ...one.present, requests: current(one).length, failures, state: 'fails' },
    }
  })
}

/** Every class of requests that concerns the target, followed through its caller's live configuration and compared with what was observed. */
export async function followEvery(
  target: Target,
  evidence: Evidence,
  options: FollowOptions,
  pace = new Pace(),
): Promise<{ followed: Followed[]; left: readonly RequestClass[] }> {
  const { classes, left } = seenClasses(target, evidence)
  await pace.breathe()
  const change = lastChange(target, evidence)
  const momentOf = (one: RequestClass): number => Math.max(change, lastChangeFor(one, target, evidence))
  const made = madeClasses(target, classes, evidence)
  await pace.breathe()
  const own = new Set(podsOf(target, evidence).map((pod) => refOf(pod).name))
  const each: Followed[] = []
  for (const one of [...classes, ...made]) {
    const probed = options.probed?.get(classKey(one))
    each.push(
      probed === undefined
        ? follow(one, classes, { moment: momentOf(one), target }, evidence, options)
        : followProbed(one, probed, classes, { moment: momentOf(one), target }, evidence, options),
    )
    await pace.breathe()
  }
  const followed = withAllDeclined(each, momentOf)
  // A workload need not be allowed to call itself, and policies are there to refuse callers: nobody was seen to be.
  const isRefused = ({ objects }: Hop): boolean =>
    objects.some(({ kind }) => kind === 'AuthorizationPolicy' || kind === 'RequestAuthentication')
  return {
    left,
    followed: followed.filter(({ requests: { requests, caller }, way }) => {
      const [hop] = way?.failing ?? []
      const isUnseen = requests.length === 0 && caller?.kind === 'sidecar' && hop?.stage === 'inbound'
      return !(isUnseen && (own.has(caller.pod.name) || isRefused(hop)))
    }),
  }
}
