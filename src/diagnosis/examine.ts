import type { Check } from '../checks/check.ts'
import type { Clients } from '../evidence/clients/clients.ts'
import { Evidence } from '../evidence/evidence.ts'
import type { GatherOptions } from '../evidence/gather.ts'
import { Gathering } from '../evidence/gather.ts'
import type { Reading } from '../evidence/reading.ts'
import type { AnyStep } from '../evidence/step.ts'
import { inContext } from '../evidence/step.ts'
import type { TargetQuery } from '../mesh/target-query.ts'
import type { Target } from '../mesh/target.ts'
import { causeOf, verdictOf } from './cause.ts'
import { followTarget } from './follow-target.ts'
import type { OnBroken } from './judge.ts'
import { judge } from './judge.ts'
import { Pace } from './pace.ts'
import {
  planApplicationLogs,
  planCallers,
  planControlPlane,
  planGatewayPods,
  planIstiodLog,
  planNamespace,
  planObjects,
  planOtherRevisions,
  planProxies,
  planWebhooks,
} from './plan.ts'
import type { PlannedStep, Report } from './report.ts'
import { completeTarget, resolveTarget } from './resolve-target.ts'
import { rateFigure, trafficFigure } from './traffic-figure.ts'
import { defined } from '../mesh/defined.ts'

/** What a diagnosis tells while it runs. */
export interface Progress {
  /** Every step known so far; called on each change. */
  steps?(plan: readonly PlannedStep[]): void
  target?(target: Target): void
}

export interface ExamineOptions {
  signal?: AbortSignal | undefined
  stepTimeout?: number | undefined
  concurrency?: number | undefined
  progress?: Progress | undefined
  onBroken?: OnBroken | undefined
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
 * Diagnoses one target: plans, looks, judges, names the cause. What can't be seen is in the report, never an error.
 *
 * @throws {UnknownTargetError} {AmbiguousTargetError} when the query names nothing, or several things
 * @throws the signal's reason when it was cancelled
 */
export async function examine(
  query: TargetQuery,
  clients: Clients,
  checks: readonly Check[],
  options: ExamineOptions = {},
): Promise<Report> {
  const began = Date.now()
  const ledger = new PlanLedger(options.progress)
  const gatherOptions: GatherOptions = {
    signal: options.signal,
    stepTimeout: options.stepTimeout,
    concurrency: options.concurrency,
    onStarted: (step) => ledger.started(step),
    onFinished: (step, reading, milliseconds) => ledger.finished(step, reading, milliseconds),
  }
  const gathering = new Gathering(clients, gatherOptions)
  const look = async (steps: AnyStep[]): Promise<void> =>
    gathering.gather(ledger.add(steps.map((step) => inContext(step, clients.context))))
  const seen = (): Evidence => new Evidence(gathering.readings)

  // istioctl takes longest to start: it runs beside the reads the next steps wait for.
  const besides: Promise<void>[] = []
  const beside = (steps: AnyStep[]): void => {
    const looking = look(steps)
    // Its rejection is awaited below; until then it must not count as unhandled.
    looking.catch(() => undefined)
    besides.push(looking)
  }
  const controlPlane = planControlPlane()
  const isStatus = ({ kind }: AnyStep): boolean => kind === 'proxy-status'
  beside(controlPlane.filter(isStatus))
  // istiod's pods say which domain Services have.
  const istiods = look(controlPlane.filter((step) => !isStatus(step)))
  const objects = look(planObjects(query))
  const inNamespace = (namespaces: readonly string[]): Promise<void> =>
    look(
      namespaces.flatMap(planNamespace).filter((step) => {
        if (step.kind !== 'analyzer-messages') return true
        beside([step])
        return false
      }),
    )
  try {
    await Promise.all([istiods, objects, ...(query.namespace === undefined ? [] : [inNamespace([query.namespace])])])
    let target = resolveTarget(query, seen())
    options.progress?.target?.(target)
    const namespaces = [
      ...new Set([target.namespace, ...target.services.map(({ namespace = '' }) => namespace)]),
    ].filter((name) => name !== '')
    await Promise.all([inNamespace(namespaces), look(planGatewayPods(target, seen()))])
    // Where istiod cannot be seen, the sidecars that were say which domain Services have.
    target = completeTarget(resolveTarget(query, seen()), seen())
    await look(planGatewayPods(target, seen()))
    await look(planProxies(target, seen(), clients.prometheus !== undefined))
    await look([
      ...planCallers(target, seen()),
      ...planApplicationLogs(target, seen()),
      ...planWebhooks(target, seen()),
    ])
    await Promise.all(besides)
    await look([...planOtherRevisions(seen()), ...planIstiodLog(target, seen())])
    return await report(target, checks, ledger, gathering.readings, {
      startedAt: clients.now(began).toISOString(),
      finishedAt: clients.now().toISOString(),
      context: clients.context,
      onBroken: options.onBroken,
    })
  } catch (error) {
    await Promise.allSettled(besides)
    throw error
  }
}

async function report(
  target: Target,
  checks: readonly Check[],
  ledger: PlanLedger,
  readings: readonly Reading[],
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
  const judgement = await judge(checks, evidence, target, { onBroken, pace })
  await pace.breathe()
  const cause = causeOf(checks, judgement.findings)
  const traffic = trafficFigure(evidence, target)
  const rates = rateFigure(evidence)
  await pace.breathe()
  const follow = followTarget(target, evidence, { context, at: finishedAt })
  return {
    target,
    plan: order,
    readings: inOrder,
    ...judgement,
    ...defined({ cause }),
    verdict: verdictOf(judgement),
    ...defined({ follow, traffic, rates }),
    changes: [],
    advice: [],
    startedAt,
    finishedAt,
  }
}
