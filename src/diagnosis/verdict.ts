import type { Check } from '../checks/check.ts'
import { countedFailures } from '../checks/facts/both-ends-of.ts'
import { byOwner, podsOf } from '../checks/facts/owners.ts'
import { gatewaysFor } from '../checks/facts/proxies-of.ts'
import type { StartUp } from '../checks/facts/start-up.ts'
import { startingOf } from '../checks/facts/start-up.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { percentOf } from '../mesh/both-ends.ts'
import { clockText } from '../mesh/duration.ts'
import { hasEnded, hasProxy, isAmbient, isReady, isIstiod } from '../mesh/pods.ts'
import type { Pod } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import { value } from './blame/lead.ts'
import { hurts, isSymptomOfTraffic, mattering } from './cause.ts'
import type { Judgement } from './judge.ts'
import type { Verdict, VerdictReason } from './report.ts'
import { goneCallers } from './requests/gone-caller.ts'
import type { Followed } from './requests/followed.ts'

/** What a verdict is made of. */
export interface Verdicts {
  verdict: Verdict
  /** Of *starting*, *not in the mesh*, and *unclear* as nobody asks for it: why, and what would change it. */
  verdictReason?: VerdictReason
}

/** What checks alone come to. *ill*: something hurts; *healthy*: nothing does and nothing that mattered was unseen; otherwise *unclear*. */
export function verdictOf({ findings, skipped }: Pick<Judgement, 'findings' | 'skipped'>): Verdict {
  if (findings.some(hurts)) return 'ill'
  return mattering(skipped).length === 0 ? 'healthy' : 'unclear'
}

/** *ill* when a class fails; not *healthy* when of no class it is known that it arrives. What is registered for callers is known by their requests alone. */
function verdictOfFollowed(target: Target, followed: readonly Followed[], otherwise: Verdict): Verdict {
  if (followed.some(({ outcome }) => outcome === 'fails')) return 'ill'
  if (otherwise !== 'healthy') return otherwise
  if (followed.length === 0) return isRegistered(target) ? 'unclear' : otherwise
  const isOpen = ({ requests: { caller, isNamed, requests }, outcome }: Followed): boolean =>
    outcome === 'unknown' && caller?.kind === 'ingress' && isNamed && requests.length === 0
  return followed.every(({ outcome }) => outcome === 'unknown') ||
    followed.some((one) => isOpen(one) || one.isDoubtful === true)
    ? 'unclear'
    : otherwise
}

/** True for a host that a ServiceEntry registers: nothing of its own runs in the mesh. */
const isRegistered = ({ ref }: Target): boolean => ref.kind === 'ServiceEntry'

const unaskedReason = ({ ref }: Target): VerdictReason => ({
  says: `${value(formatRef(ref))}: unclear, because no caller whose proxy was read was seen to ask for it, and nothing of its own runs in the mesh`,
  remedy: 'Send a request from one of its callers, then diagnose again',
})

function startingReason(
  pods: readonly { pod: Pod; startUp: StartUp }[],
  evidence: Evidence,
): VerdictReason | undefined {
  const [oldest] = pods.toSorted((a, b) => b.startUp.age - a.startUp.age)
  if (oldest === undefined) return undefined
  const owners = byOwner(
    pods.map(({ pod }) => pod),
    evidence,
  ).map(({ owner }) => value(formatRef(owner)))
  return {
    says: `${owners.join(', ')} ${owners.length === 1 ? 'is' : 'are'} starting: ${pods.length === 1 ? `${value(oldest.pod.metadata.name)} was` : `${pods.length} pods were`} created ${pods.length === 1 ? '' : 'up to '}${oldest.startUp.age} s ago; ${oldest.startUp.waits}`,
    remedy: 'Wait until the pods are ready, and look again',
  }
}

/** Why a target has no proxy on its way, neither its own nor that of a gateway or caller; undefined when it has one, or runs no pods. */
function outsideReason(target: Target, followed: readonly Followed[], evidence: Evidence): VerdictReason | undefined {
  const pods = podsOf(target, evidence).filter((pod) => !hasEnded(pod))
  const [pod] = pods
  const isMeshed = pods.some((one) => hasProxy(one) || isAmbient(one))
  const isLedTo = followed.some(({ requests: { caller } }) => caller !== undefined)
  if (pod === undefined || isMeshed || isLedTo || isRegistered(target)) return undefined
  if (gatewaysFor(evidence, target).length > 0) return undefined
  const namespace = pod.metadata.namespace ?? ''
  const labels =
    evidence.objects('namespaces').find(({ metadata }) => metadata.name === namespace)?.metadata.labels ?? {}
  const asksFor = labels['istio-injection'] === 'enabled' || labels['istio.io/rev'] !== undefined
  const owners = byOwner(pods, evidence).map(({ owner }) => value(formatRef(owner)))
  const revisions = evidence
    .objects('pods')
    .filter(isIstiod)
    .map(({ metadata }) => metadata.labels?.['istio.io/rev'] ?? 'default')
  const [revision = 'default'] = revisions
  const label = revision === 'default' ? 'istio-injection=enabled' : `istio.io/rev=${revision}`
  return {
    says: `${value(formatRef(target.ref))} is not in the mesh: ${pods.length === 1 ? 'its pod has no' : `none of its ${pods.length} pods has a`} sidecar, and no gateway or caller with a proxy leads to it`,
    remedy: asksFor
      ? `Namespace ${value(namespace)} asks for sidecars: see why these pods have none, then restart ${owners.join(', ')}`
      : `To add it to the mesh, label its namespace (${value(`kubectl label namespace ${namespace} ${label}`)}, or ${value('istio.io/dataplane-mode=ambient')}) and restart ${owners.join(', ')}; for one workload, the label ${value('sidecar.istio.io/inject=true')} on its pods. A Gateway with a route to it would also put a proxy on its path`,
  }
}

/** From this share of requests on failing is no passing matter. */
const GRAVE = 0.05

/** Why a target of which no access log tells is not healthy: Prometheus counts failures. Undefined where logs tell of requests, or few fail. */
function countedReason(target: Target, followed: readonly Followed[], evidence: Evidence): VerdictReason | undefined {
  const counted = countedFailures(evidence, target)
  if (counted === undefined || followed.some(({ present }) => present.requests > 0)) return undefined
  const { requests, failed, from } = counted
  if (failed < 2 || failed / requests < GRAVE) return undefined
  return {
    says: `${value(formatRef(target.ref))}: unclear, because ${percentOf(failed / requests)} of the requests since ${clockText(from)} fail by the count of Prometheus, and no access log tells which`,
    remedy: 'Switch access logs on for its proxies and their callers, and look again',
  }
}

/** Why a target whose requests all were answered is not healthy: who made them is gone, and nobody has made such requests since. */
function goneReason(target: Target, evidence: Evidence): VerdictReason | undefined {
  const [first] = goneCallers(target, evidence)
  if (first === undefined) return undefined
  const { address, last, requests } = first
  const { method, host, path } = requests.question
  const isConnection = requests.requests.every(({ entry }) => entry.method === undefined)
  const asked = isConnection ? `${value(host)} was connected to` : `${value(`${method} ${host}${path}`)} was asked for`
  return {
    says: `${value(formatRef(target.ref))}: unclear, because ${asked} until ${clockText(Date.parse(last))} from ${value(address)}, an address that no pod has any more, and by nobody since: what its callers get now is not known`,
    remedy: 'See whether that caller is meant to be gone; send a request from one of its callers, then diagnose again',
  }
}

/**
 * What is said of the target.
 *
 * @param failing classes that fail for another reason than that their pods are starting
 * @param waiting classes that fail because they are
 */
export function conclude(
  checks: readonly Check[],
  target: Target,
  judgement: Pick<Judgement, 'findings' | 'skipped'>,
  followed: readonly Followed[],
  waiting: readonly Followed[],
  evidence: Evidence,
): Verdicts {
  const findings =
    waiting.length === 0 ? judgement.findings : judgement.findings.filter((one) => !isSymptomOfTraffic(checks, one))
  const verdict = verdictOfFollowed(
    target,
    followed.filter((one) => !waiting.includes(one)),
    verdictOf({ ...judgement, findings }),
  )
  if (verdict === 'ill') return { verdict }
  const pods = podsOf(target, evidence).filter((pod) => !hasEnded(pod) && pod.metadata.deletionTimestamp === undefined)
  const starting = startingOf(pods, evidence)
  const isStarting =
    waiting.length > 0 || (starting.length > 0 && starting.length === pods.length && !pods.some(isReady))
  const begun = isStarting ? startingReason(starting, evidence) : undefined
  if (begun !== undefined) return { verdict: 'starting', verdictReason: begun }
  const counted = verdict === 'healthy' ? countedReason(target, followed, evidence) : undefined
  if (counted !== undefined) return { verdict: 'unclear', verdictReason: counted }
  const gone = verdict === 'healthy' ? goneReason(target, evidence) : undefined
  if (gone !== undefined) return { verdict: 'unclear', verdictReason: gone }
  if (verdict === 'unclear' && isRegistered(target) && followed.length === 0)
    return { verdict, verdictReason: unaskedReason(target) }
  const outside = verdict === 'healthy' ? outsideReason(target, followed, evidence) : undefined
  return outside === undefined ? { verdict } : { verdict: 'not in the mesh', verdictReason: outside }
}
