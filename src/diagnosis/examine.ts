import type { Check } from '../checks/check.ts'
import type { Clients } from '../evidence/clients/clients.ts'
import { timed } from '../evidence/clients/timing.ts'
import { otherObjects } from '../evidence/collectors/other-objects.ts'
import { Evidence } from '../evidence/evidence.ts'
import type { GatherOptions } from '../evidence/gather.ts'
import { Gathering } from '../evidence/gather.ts'
import type { Reading } from '../evidence/reading.ts'
import type { AnyStep } from '../evidence/step.ts'
import { inContext } from '../evidence/step.ts'
import type { TargetQuery } from '../mesh/target-query.ts'
import type { Target } from '../mesh/target.ts'
import { requestsFail } from '../checks/requests-fail.ts'
import type { Finding } from '../checks/check.ts'
import { redact } from '../evidence/redaction.ts'
import { sameRef } from '../mesh/ref.ts'
import { requireAnswer } from './cluster-unreachable.ts'
import { beyond } from './beyond.ts'
import { blame } from './blame/blame.ts'
import { causeOf, causeOfFailing, withoutPassed, withoutUnmet } from './cause.ts'
import type { Followed } from './requests/followed.ts'
import { followEvery } from './requests/followed.ts'
import { isWaiting } from './requests/waiting.ts'
import { conclude } from './verdict.ts'
import { followTarget } from './follow-target.ts'
import type { OnBroken } from './judge.ts'
import { judge } from './judge.ts'
import { movedDuring, saysTheSame, unsettled } from './moving.ts'
import { Pace } from './pace.ts'
import { planAmbientCallers, planZtunnelPods, planZtunnels } from './plan-ambient.ts'
import {
  planAnalyzer,
  planApplicationLogs,
  planCallerLogs,
  planCallerPods,
  planCallerProxies,
  planCallers,
  planControlPlane,
  planDescriptions,
  planGatewayLogs,
  planGatewayPods,
  planIstiodLog,
  planMeshConfigs,
  planNamespace,
  planObjects,
  planOtherRevisions,
  planProxies,
  planTrafficCallers,
  planWebhooks,
} from './plan.ts'
import type { FollowedClass, PlannedStep, Report } from './report.ts'
import type { PlannedProbes } from './probe/probing.ts'
import { probe, withoutProbes, type ProbedMesh } from './probe/probe.ts'
import { completeTarget, withHostsSeen } from './complete-target.ts'
import { resolveTarget } from './resolve-target.ts'
import { rateFigure, trafficFigure } from './traffic-figure.ts'
import { defined } from '../mesh/defined.ts'

/** What a diagnosis tells while it runs. */
export interface Progress {
  /** Every step known so far; called on each change. */
  steps?(plan: readonly PlannedStep[]): void
  target?(target: Target): void
  /** What probes are about to be sent, and which classes get none; they wait until it resolves. */
  probes?(planned: PlannedProbes): Promise<void>
}

export interface ExamineOptions {
  signal?: AbortSignal | undefined
  stepTimeout?: number | undefined
  concurrency?: number | undefined
  progress?: Progress | undefined
  onBroken?: OnBroken | undefined
  /** Sends requests of our own by the gateways, for classes that nobody was seen to ask for; `within` milliseconds they are to be in the logs. */
  probe?: { within?: number | undefined } | undefined
  /** Has istioctl describe the target's pods too: nothing is concluded from it, but people compare what it says before a change and after. */
  descriptions?: boolean | undefined
}

/** Steps and how they stand, in the order they were planned. */
class PlanLedger {
  readonly steps = new Map<string, PlannedStep>()
  private readonly told: Progress | undefined

  constructor(told: Progress | undefined) {
    this.told = told
  }

  /** Adds steps; answers those that are new. */
  add(steps: readonly AnyStep[]): AnyStep[] {
    const fresh = steps.filter(({ id }) => !this.steps.has(id))
    for (const { id, kind, of, group, title, source } of fresh)
      this.steps.set(id, { id, kind, ...defined({ of }), group, title, command: source, outcome: 'waiting' })
    this.tell()
    return fresh
  }

  started(step: AnyStep): void {
    this.change(step.id, { outcome: 'running' })
  }

  finished(step: AnyStep, reading: Reading, milliseconds: number): void {
    this.change(step.id, { outcome: reading.ok ? 'seen' : 'blind', milliseconds: Math.round(milliseconds) })
  }

  private change(id: string, facts: Partial<PlannedStep>): void {
    const step = this.steps.get(id)
    if (step !== undefined) this.steps.set(id, { ...step, ...facts })
    this.tell()
  }

  private tell(): void {
    this.told?.steps?.([...this.steps.values()])
  }
}

/**
 * Diagnoses one target: plans, looks, judges, names the cause. What can't be seen is in the report, never an error. When configuration changed while it was
 * read, everything is looked at once more.
 *
 * @throws {UnknownTargetError} {AmbiguousTargetError} when the query names nothing, or several things
 * @throws {ClusterUnreachableError} when the API server answers nothing at all
 * @throws the signal's reason when it was cancelled
 */
export async function examine(
  query: TargetQuery,
  clients: Clients,
  checks: readonly Check[],
  options: ExamineOptions = {},
): Promise<Report> {
  const first = await examineOnce(query, clients, checks, options)
  if (movedDuring(first, clients.istioctl).length === 0) return first
  const second = await examineOnce(query, clients, checks, options)
  const moved = movedDuring(second, clients.istioctl)
  return moved.length === 0 || saysTheSame(first, second) ? second : unsettled(second, moved)
}

async function examineOnce(
  query: TargetQuery,
  clients: Clients,
  checks: readonly Check[],
  options: ExamineOptions,
): Promise<Report> {
  const ended = timed(clients, 'diagnosis')
  const ledger = new PlanLedger(options.progress)
  const stop = new AbortController()
  const gatherOptions: GatherOptions = {
    signal: options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]),
    stepTimeout: options.stepTimeout,
    concurrency: options.concurrency,
    onStarted: (step) => ledger.started(step),
    onFinished: (step, reading, milliseconds) => ledger.finished(step, reading, milliseconds),
  }
  const gathering = new Gathering(clients, gatherOptions)
  const look = async (steps: AnyStep[]): Promise<void> =>
    gathering.gather(ledger.add(steps.map((step) => inContext(step, clients.context))))
  // The same while nothing was added: what was derived from it holds.
  let evidence = new Evidence([])
  const seen = (): Evidence => {
    if (evidence.readings.length !== gathering.readings.length) evidence = new Evidence(gathering.readings)
    return evidence
  }

  // istioctl takes longest to start: it runs beside the reads the next steps wait for.
  const besides: Promise<void>[] = []
  const beside = (steps: AnyStep[]): Promise<void> => {
    const looking = look(steps)
    // Its rejection is awaited below; until then it must not count as unhandled.
    looking.catch(() => undefined)
    besides.push(looking)
    return looking
  }
  const controlPlane = planControlPlane()
  const isStatus = ({ kind }: AnyStep): boolean => kind === 'proxy-status'
  const status = beside(controlPlane.filter(isStatus))
  if (query.namespace !== undefined) void beside(planAnalyzer(query.namespace))
  // istiod's pods say which domain Services have.
  const istiods = look(controlPlane.filter((step) => !isStatus(step))).then(() => look(planMeshConfigs(seen())))
  const objects = look([
    ...planObjects(query),
    // A recording from before this was asked does not hold it.
    ...(clients.kubernetes.served === undefined ? [] : [otherObjects() as AnyStep]),
  ])
  const inNamespace = (namespaces: readonly string[]): Promise<void> => {
    void beside(namespaces.flatMap(planAnalyzer))
    return look(namespaces.flatMap(planNamespace))
  }
  try {
    await Promise.all([istiods, objects, ...(query.namespace === undefined ? [] : [inNamespace([query.namespace])])])
    requireAnswer(gathering.readings)
    let target = resolveTarget(query, seen())
    options.progress?.target?.(target)
    const namespaces = [
      ...new Set([target.namespace, ...target.services.map(({ namespace = '' }) => namespace)]),
    ].filter((name) => name !== '')
    await Promise.all([inNamespace(namespaces), look(planGatewayPods(target, seen()))])
    // Where istiod cannot be seen, the sidecars that were say which domain Services have.
    target = completeTarget(resolveTarget(query, seen()), seen())
    await look(planGatewayPods(target, seen()))
    const counted = beside(planTrafficCallers(target, seen(), clients.prometheus !== undefined))
    await Promise.all([
      look(planProxies(target, seen(), clients.prometheus !== undefined)),
      look(options.descriptions === true ? planDescriptions(target, seen()) : []),
      look(planGatewayLogs(seen())),
      Promise.all([status, counted]).then(async () => {
        await look(planCallerPods(target, seen()))
        await look(planCallerLogs(target, seen()))
      }),
    ])
    await look(planZtunnelPods(target, seen()))
    await look(planZtunnels(target, seen()))
    await look(planAmbientCallers(target, seen()))
    await look(planZtunnels(target, seen()))
    target = withHostsSeen(target, seen())
    await look(planCallerProxies(target, seen()))
    await look([
      ...planCallers(target, seen()),
      ...planApplicationLogs(target, seen()),
      ...planWebhooks(target, seen()),
    ])
    await Promise.all(besides)
    await look([...planOtherRevisions(seen()), ...planIstiodLog(target, seen())])
    const probed =
      options.probe === undefined
        ? { readings: withoutProbes(gathering.readings) }
        : await probe(target, gathering.readings, {
            clients,
            look,
            signal: gatherOptions.signal ?? stop.signal,
            within: options.probe.within,
            announce: async (planned) => options.progress?.probes?.(planned),
          })
    const { at: startedAt, until: finishedAt } = ended()
    return await report(target, checks, ledger, probed, {
      startedAt,
      finishedAt,
      context: clients.context,
      onBroken: options.onBroken,
    })
  } catch (error) {
    // What still runs beside is of no use any more.
    stop.abort(error)
    await Promise.allSettled(besides)
    throw error
  }
}

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

const classOf = ({ requests: { caller, question }, present, way, outcome, probes }: Followed): FollowedClass => ({
  ...defined({ caller: caller?.pod }),
  method: question.method,
  host: question.host,
  path: redact(question.path),
  seen: present.requests,
  failed: present.failures.length,
  ...defined({ probes, foreseen: way?.foreseen }),
  outcome,
  ...defined({ says: way?.failing[0]?.says }),
})

async function report(
  target: Target,
  checks: readonly Check[],
  ledger: PlanLedger,
  { readings, classes: probed, probing }: ProbedMesh,
  {
    startedAt,
    finishedAt,
    context,
    onBroken,
  }: { startedAt: string; finishedAt: string; context: string | undefined; onBroken: OnBroken | undefined },
): Promise<Report> {
  const order = [...ledger.steps.values()]
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
  const judged = { ...checked, skipped: [...checked.skipped, ...beyond(target, left, asked, evidence)] }
  await pace.breathe()
  const waiting = followed.filter((one) => isWaiting(one, evidence))
  const failing = followed.filter((one) => one.outcome === 'fails' && !waiting.includes(one))
  const isSeen = followed.some(({ present }) => present.requests > 0)
  const hasFew = followed.some(({ present }) => present.state === 'few')
  const areAnswered =
    followed.every(({ outcome }) => outcome === 'arrives' || outcome === 'contradicted') &&
    followed.some(({ present }) => present.state === 'answered')
  const present = failing.length === 0 && isSeen ? withoutPassed(checks, judged.findings, hasFew) : judged.findings
  const judgement = { ...judged, findings: areAnswered ? withoutUnmet(present) : present }
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
  await pace.breathe()
  const follow = followTarget(target, evidence, { context, at: finishedAt })
  return {
    target,
    plan: order,
    readings: inOrder,
    ...judgement,
    findings: withFollowed(judgement.findings, own, told),
    ruledOut: judgement.ruledOut.filter(
      ({ check }) => check !== requestsFail.name || followed.every(({ outcome }) => outcome === 'arrives'),
    ),
    ...told,
    ...conclude(checks, target, judgement, followed, waiting, evidence),
    requests: followed.map(classOf).toSorted((a, b) => Number(b.outcome === 'fails') - Number(a.outcome === 'fails')),
    ...defined({ follow, traffic, rates, probing }),
    changes: [],
    advice: [],
    startedAt,
    finishedAt,
  }
}
