import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import type { AccessLogLine } from '../mesh/access-log.ts'
import { failed, since } from '../mesh/access-log.ts'
import type { Pod } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { RESPONSE_FLAGS } from '../mesh/response-flags.ts'
import type { Target } from '../mesh/target.ts'
import type { Code, Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { ownerOf, podScope, podsOf } from './owners.ts'
import { isForHosts, lastReadinessChange, lastRoutingChange, quoteLine, ROUTING_KINDS } from './traffic-of.ts'

/** From this share of requests on, and at least two of them, failing counts as an error: less may be a passing matter. */
const SHARE = 0.05

/** Requests to the target fail, as traffic since the last change shows: by whom and why. */
export const failingRequests = defineCheck({
  name: 'failing-requests',
  about: 'no request to the target failed since the last change of what routes to it',
  needs: ['access-log', 'pods', ...ROUTING_KINDS],
  confirms: ['replica-sets'],
  problems: {
    MESH0401: {
      severity: 'error', symptom: true, title: 'requests fail',
      says: '{failed} of {requests} requests to {subject} were answered {code} {flags} ({meaning})',
      remedy: 'Look at the cause; {flags} means: {meaning}.',
    },
    MESH0402: {
      severity: 'error', title: 'the application answers errors', explains: [],
      says: 'The application of {subject} itself answered {code} to {failed} of {requests} requests: the mesh passed them on unharmed',
      remedy: "Read the application's own log: kubectl logs -n {namespace} {pod}",
    },
    MESH0403: {
      severity: 'error', title: 'one endpoint fails', explains: ['MESH0401', 'MESH0402', 'MESH0404'],
      says: '{failed} of the {failures} failed requests went to one endpoint, {subject} ({flags}); {others} other endpoints answer',
      remedy: 'Take {subject} out of service and look at it; the others carry on.',
    },
    MESH0404: {
      severity: 'warning', symptom: true, title: 'a few requests fail',
      says: '{failed} of {requests} requests to {subject} were answered {code} {flags} ({meaning})',
      remedy: 'Watch whether it goes on; {flags} means: {meaning}.',
    },
  },
  run(evidence, target) {
    const changed = lastRoutingChange(evidence, target)
    if (changed === undefined) return []
    const requests = requestsTo(target, Math.max(changed, lastReadinessChange(evidence, target)), evidence)
    const failures = requests.filter(({ entry }) => failed(entry))
    if (failures.length === 0) return []
    const grave = failures.length >= 2 && failures.length / requests.length >= SHARE
    return [...groups(failures).flatMap((group) => judgeGroup(group, requests.length, grave, evidence, target)), ...(grave ? oneEndpoint(requests, failures, evidence, target) : [])]
  },
})

/** A request as one proxy logged it. */
interface Request {
  entry: AccessLogLine
  log: Seen<'access-log'>
}

/** Requests to the target, each once: as a caller's proxy logged it or, when no caller's log has it, the target's own. */
function requestsTo(target: Target, moment: number, evidence: Evidence): Request[] {
  const own = podsOf(target, evidence).map(({ metadata }) => metadata.name)
  const all = evidence.seen('access-log').flatMap((log) => since(log.value.lines, moment).filter((entry) => isForHosts(entry, target.hosts)).map((entry) => ({ entry, log })))
  const known = new Set<string>()
  return all.toSorted((a, b) => Number(own.includes(a.log.of?.name ?? '')) - Number(own.includes(b.log.of?.name ?? ''))).filter(({ entry }) => {
    if (entry.requestId === undefined) return true
    if (known.has(entry.requestId)) return false
    known.add(entry.requestId)
    return true
  })
}

function groups(failures: readonly Request[]): Request[][] {
  const byAnswer = Map.groupBy(failures, ({ entry }) => `${entry.code} ${entry.flags.toSorted().join(',')}`)
  return [...byAnswer.values()].toSorted((a, b) => b.length - a.length)
}

function judgeGroup(group: readonly Request[], requests: number, grave: boolean, evidence: Evidence, target: Target): Found[] {
  const last = group.at(-1)
  if (last === undefined) return []
  const { code, flags, details } = last.entry
  const pod = podAt(last.entry.upstreamHost, evidence)
  const says = `${group.length} requests answered ${code} ${flags.join(',') || '-'} since the last change`
  const because: [Proof] = [proof(last.log, says, quoteLine(last.entry))]
  const scope = [...target.hosts, ...new Set(group.flatMap(({ entry }) => { const at = podAt(entry.upstreamHost, evidence); return at === undefined ? [] : [podScope(at)] }))]
  if (flags.length === 0 && details === 'via_upstream' && grave) {
    const subject = pod === undefined ? target.ref : ownerOf(pod, evidence)
    return [{ code: 'MESH0402', standing: 'observed', subject, args: { code, failed: group.length, requests, namespace: subject.namespace ?? '', pod: pod?.metadata.name ?? '' }, because, scope }]
  }
  const meaning = flags.map((flag) => RESPONSE_FLAGS[flag]?.meaning ?? `flag ${flag}`).join('; ') || (details ?? 'no flag')
  const name: Code = grave ? 'MESH0401' : 'MESH0404'
  return [{ code: name, standing: 'observed', subject: target.ref, args: { code, flags: flags.length === 0 ? '-' : flags, failed: group.length, requests, meaning }, because, scope }]
}

/** When nearly all failures met one endpoint of several that answer, that endpoint is the matter. */
function oneEndpoint(requests: readonly Request[], failures: readonly Request[], evidence: Evidence, target: Target): Found[] {
  const met = failures.filter(({ entry }) => entry.upstreamHost !== undefined)
  const [worst] = [...Map.groupBy(met, ({ entry }) => entry.upstreamHost ?? '').entries()].toSorted((a, b) => b[1].length - a[1].length)
  if (worst === undefined) return []
  const [address, hits] = worst
  const answering = new Set(requests.flatMap(({ entry }) => (entry.upstreamHost === undefined || entry.upstreamHost === address || failed(entry) ? [] : [entry.upstreamHost])))
  const last = hits.at(-1)
  if (last === undefined || answering.size === 0 || hits.length < 2 || hits.length < failures.length * 0.8) return []
  const pod: Pod | undefined = podAt(address, evidence)
  const subject: Ref = pod === undefined ? target.ref : refOf(pod)
  return [{
    code: 'MESH0403', standing: 'observed', subject,
    args: { failed: hits.length, failures: failures.length, others: answering.size, flags: [...new Set(hits.flatMap(({ entry }) => (entry.flags.length === 0 ? [String(entry.code)] : entry.flags)))] },
    because: [proof(last.log, `${hits.length} of ${failures.length} failures met ${address}; ${[...answering].join(', ')} answered`, quoteLine(last.entry))],
    scope: [...target.hosts, ...(pod === undefined ? [] : [podScope(pod)])],
  }]
}

/** The pod at an upstream address, `10.244.0.9:3000`. */
function podAt(address: string | undefined, evidence: Evidence): Pod | undefined {
  const ip = address?.replace(/:\d+$/, '')
  return ip === undefined ? undefined : evidence.objects('pods').find(({ status }) => status?.podIP === ip)
}
