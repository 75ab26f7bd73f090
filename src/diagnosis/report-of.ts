import type { Check, Finding } from '../checks/check.ts'
import { requestsFail } from '../checks/requests-fail.ts'
import { Evidence } from '../evidence/evidence.ts'
import type { Reading } from '../evidence/reading.ts'
import { redact, withoutSecrets } from '../evidence/redaction.ts'
import { defined } from '../mesh/defined.ts'
import { sameRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import { beyond } from './beyond.ts'
import { blockedWay } from './blocked-way.ts'
import { blame } from './blame/blame.ts'
import { parseClusterName } from '../mesh/envoy.ts'
import { fromFqdn } from '../mesh/host.ts'
import { causeOf, causeOfFailing, withoutOthers, withoutPassed, withoutUnmet } from './cause.ts'
import { wayShown } from './way-shown.ts'
import type { OnBroken } from './judge.ts'
import { judge } from './judge.ts'
import { historyOf } from './history.ts'
import { kialiOf, kialiOutdated } from './plan-kiali.ts'
import { logsRead } from './logs-read.ts'
import { Pace } from './pace.ts'
import type { ProbedMesh } from './probe/probe.ts'
import type { FollowedClass, PlannedStep, Report } from './report.ts'
import type { Followed } from './requests/followed.ts'
import { followEvery } from './requests/follow-every.ts'
import { isWaiting } from './requests/waiting.ts'
import { byAnswer, rateFigure, trafficFigure } from './traffic-figure.ts'
import { conclude } from './verdict.ts'

/** The findings with those of following: the cause and candidates when these are its own, and what has no other explanation. */
function withFollowed(
  findings: readonly Finding[],
  own: readonly Finding[],
  { cause, candidates = [] }: Pick<Report, 'cause' | 'candidates'>,
): Finding[] {
  const told = cause === undefined ? candidates : [cause.finding]
  // What is told may be one of these with a higher standing, or with its siblings.
  const toldOf = ({ code, subject }: Finding): Finding | undefined =>
    told.find((one) => one.code === code && sameRef(one.subject, subject))
  const named = own.filter((one) => told.length === 0 || toldOf(one) !== undefined)
  return [...named, ...findings].map((one) => toldOf(one) ?? one)
}

/** Hosts from outside that were asked for in classes of which none came through a gateway; where the caller's own proxy leads such requests on, they need none. */
function hostsMissed(followed: readonly Followed[]): ReadonlySet<string> {
  const taken = followed.filter(({ requests: { caller } }) => caller?.kind === 'ingress')
  return new Set(
    followed
      .filter(({ present, way }) => present.requests > 0 && way?.foreseen !== 'arrives')
      .map(({ requests: { question } }) => question.host)
      .filter(
        (host) => fromFqdn(host) === undefined && !taken.some(({ requests: { question } }) => question.host === host),
      ),
  )
}

/** The ports of Services that were asked for, and the hosts that proxies sent those requests to. */
function usedBy(followed: readonly Followed[]): { ports: ReadonlySet<number>; hosts: ReadonlySet<string> } {
  const clusters = followed.flatMap(({ requests: { requests } }) =>
    requests.flatMap(({ entry }) => {
      const cluster = parseClusterName(entry.upstreamCluster ?? '')
      return cluster?.direction === 'outbound' ? [cluster] : []
    }),
  )
  const asked = followed.flatMap(({ requests: { question } }) => question.port ?? [])
  return {
    ports: new Set([...asked, ...clusters.map(({ port }) => port)]),
    hosts: new Set(clusters.map(({ host }) => host)),
  }
}

const classOf = ({ requests: { caller, question }, present, way, outcome, probes }: Followed): FollowedClass => ({
  ...defined({ caller: caller?.pod }),
  method: question.method,
  host: question.host,
  path: redact(question.path),
  seen: present.requests,
  failed: present.failures.length,
  ...(present.failures[0] !== undefined && {
    answers: byAnswer(present.failures.map(({ entry }) => entry)),
    failingFrom: present.failures[0].entry.at,
  }),
  ...defined({ probes, foreseen: way?.foreseen }),
  outcome,
  ...defined({ says: way?.failing[0]?.says }),
})

/** What is made of what was seen: findings, the ways of requests, the cause, the verdict. */
export async function reportOf(
  target: Target,
  checks: readonly Check[],
  order: PlannedStep[],
  { readings, classes: probed, probing }: ProbedMesh,
  {
    startedAt,
    finishedAt,
    context,
    onBroken,
  }: { startedAt: string; finishedAt: string; context: string | undefined; onBroken: OnBroken | undefined },
): Promise<Report> {
  // The first step of a command counts.
  const places = new Map(order.map(({ command }, place) => [command, place] as const).toReversed())
  const placeOf = ({ source }: Reading): number => places.get(source) ?? -1
  const inOrder = readings.toSorted((a, b) => placeOf(a) - placeOf(b))
  const pace = new Pace()
  const evidence = new Evidence(inOrder)
  const checked = await judge(checks, evidence, target, { onBroken, pace })
  await pace.breathe()
  const { followed, left } = await followEvery(target, evidence, { context, at: finishedAt, probed }, pace)
  await pace.breathe()
  const asked = new Set(order.flatMap(({ id }) => /^pods -A -l (.+)$/.exec(id)?.[1] ?? []))
  const judged = {
    ...checked,
    skipped: [...checked.skipped, ...beyond(target, left, asked, evidence), ...kialiOutdated(evidence)],
  }
  await pace.breathe()
  const waiting = followed.filter((one) => isWaiting(one, evidence))
  const failing = followed.filter((one) => one.outcome === 'fails' && !waiting.includes(one))
  const isSeen = followed.some(({ present }) => present.requests > 0)
  const hasFew = followed.some(({ present }) => present.state === 'few')
  const areAnswered =
    followed.every(
      ({ outcome, present: { requests } }) =>
        outcome === 'arrives' || outcome === 'contradicted' || (outcome === 'unknown' && requests === 0),
    ) && followed.some(({ present }) => present.state === 'answered')
  const present =
    failing.length > 0
      ? withoutOthers(
          checks,
          judged.findings,
          failing.every(({ standing }) => standing === 'observed')
            ? failing.flatMap(({ present: { failures } }) => failures[0]?.entry.at ?? [])
            : [],
        )
      : isSeen
        ? withoutPassed(checks, judged.findings, hasFew)
        : judged.findings
  const judgement = {
    ...judged,
    findings: areAnswered ? withoutUnmet(present, hostsMissed(followed), usedBy(followed)) : present,
  }
  const blamed = blame(failing, target, evidence)
  const own = blamed.findings.map((one): Finding => ({
    ...one,
    check: requestsFail.name,
    severity: 'error',
    scope: one.scope ?? [],
  }))
  const told =
    failing.length === 0
      ? defined({ cause: causeOf(checks, judgement.findings) })
      : causeOfFailing(checks, judgement.findings, {
          ...blamed,
          findings: own,
          standing: failing.some(({ standing }) => standing === 'observed') ? 'observed' : 'live',
        })
  const traffic = trafficFigure(evidence, target)
  const rates = rateFigure(evidence)
  const history = historyOf(evidence, target)
  await pace.breathe()
  const follow = wayShown(failing, target, evidence, { context, at: finishedAt })
  const whole: Omit<Report, 'readings'> = {
    target,
    plan: order,
    ...judgement,
    findings: withFollowed(judgement.findings, own, told),
    ruledOut: judgement.ruledOut.filter(
      ({ check }) => check !== requestsFail.name || followed.every(({ outcome }) => outcome === 'arrives'),
    ),
    ...told,
    ...conclude(checks, target, judgement, followed, waiting, evidence),
    requests: followed.map(classOf).toSorted((a, b) => Number(b.outcome === 'fails') - Number(a.outcome === 'fails')),
    ...defined({
      follow: follow && blockedWay(follow, judgement.findings),
      traffic,
      logs: logsRead(evidence, target),
      rates,
      history,
      probing,
      kiali: kialiOf(target, evidence),
    }),
    changes: [],
    advice: [],
    startedAt,
    finishedAt,
  }
  // What was read stays whole: changes are made of it, and nothing shows it.
  return { ...withoutSecrets(whole), readings: inOrder }
}
