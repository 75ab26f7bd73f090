import type { Check } from '../checks/check.ts'
import type { CapturedPackets } from '../capture/captured.ts'
import { captured } from '../evidence/collectors/captured.ts'
import type { Clients } from '../evidence/clients/clients.ts'
import { holdingAnswers } from '../evidence/clients/byte-budget.ts'
import { timed } from '../evidence/clients/timing.ts'
import { proxyStatus } from '../evidence/collectors/proxy-status.ts'
import { otherObjects } from '../evidence/collectors/other-objects.ts'
import { Evidence } from '../evidence/evidence.ts'
import type { GatherOptions } from '../evidence/gather.ts'
import { Gathering } from '../evidence/gather.ts'
import type { AnyStep } from '../evidence/step.ts'
import { inContext } from '../evidence/step.ts'
import type { TargetQuery } from '../mesh/target-query.ts'
import type { Target } from '../mesh/target.ts'
import { requireAnswer } from './cluster-unreachable.ts'
import type { OnBroken } from './judge.ts'
import { understood } from './understood.ts'
import { movedDuring, saysTheSame, unsettled } from './moving.ts'
import { planAmbientCallers, planWaypointPods, planWaypoints, planZtunnelPods, planZtunnels } from './plan-ambient.ts'
import { planLogWindows, type LookFurtherBack } from './plan-log-windows.ts'
import {
  planCallerLogs,
  planCallerPods,
  planCallerProxies,
  planCallers,
  planTrafficCallers,
  planUnknownCallers,
} from './plan-callers.ts'
import {
  planAnalyzer,
  planApplicationLogs,
  planControlPlane,
  planDescriptions,
  planGatewayLogs,
  istiodElsewhere,
  planGatewayPods,
  planIstiodLog,
  planMeshConfigs,
  planNamespace,
  planObjects,
  planOtherRevisions,
  planProxies,
  planWebhooks,
} from './plan.ts'
import { planKiali } from './plan-kiali.ts'
import { planIstiodPushes } from './plan-gone.ts'
import { PlanLedger } from './plan-ledger.ts'
import type { PlannedStep, Report } from './report.ts'
import { reportOf } from './report-of.ts'
import type { PlannedProbes } from './probe/probing.ts'
import { probe, withoutProbes } from './probe/probe.ts'
import { completeTarget, withHostsSeen } from './complete-target.ts'
import { resolveTarget } from './resolve-target.ts'

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
  /** What captures of packets have shown lately, where this is asked. */
  captures?: readonly CapturedPackets[] | undefined
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
  return holdingAnswers(() => examineSettled(query, clients, checks, options))
}

async function examineSettled(
  query: TargetQuery,
  clients: Clients,
  checks: readonly Check[],
  options: ExamineOptions,
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
  /** Makes something of what was seen so far; a reading that cannot be made anything of is given up. */
  const of = async <T>(use: (evidence: Evidence) => T): Promise<T> => {
    if (evidence.readings.length !== gathering.readings.length) evidence = new Evidence(gathering.readings, evidence)
    const known = evidence
    return understood(
      known.readings,
      (readings) => use(readings === known.readings ? known : new Evidence(readings)),
      (readings) => {
        gathering.readings.splice(0, readings.length, ...readings)
        evidence = new Evidence(gathering.readings)
      },
    )
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
  // istiod's pods say which domain Services have.
  let elsewhere: string | undefined
  const istiods = look(controlPlane.filter((step) => !isStatus(step))).then(async () => {
    elsewhere = await of(istiodElsewhere)
    await look(await of(planMeshConfigs))
  })
  /** Asks istioctl at once where it looks of itself, and again, instead, when istiod turns out to run elsewhere. */
  const askIstioctl = (make: (istioNamespace?: string) => AnyStep[]): Promise<void> => {
    if (elsewhere !== undefined) return beside(make(elsewhere))
    const asked = make()
    const first = beside(asked)
    const asking = Promise.all([first, istiods]).then(async () => {
      if (elsewhere === undefined) return
      gathering.forget(asked.map((step) => inContext(step, clients.context)))
      ledger.forget(asked)
      evidence = new Evidence([])
      await look(make(elsewhere))
    })
    asking.catch(() => undefined)
    besides.push(asking)
    return asking
  }
  const status = askIstioctl((namespace) =>
    namespace === undefined ? controlPlane.filter(isStatus) : [proxyStatus(undefined, namespace)],
  )
  if (query.namespace !== undefined) void askIstioctl((namespace) => planAnalyzer(query.namespace ?? '', namespace))
  const objects = look([
    ...planObjects(query),
    // A recording from before this was asked does not hold it.
    ...(clients.kubernetes.served === undefined ? [] : [otherObjects() as AnyStep]),
  ])
  const inNamespace = (namespaces: readonly string[]): Promise<void> => {
    void askIstioctl((istio) => namespaces.flatMap((namespace) => planAnalyzer(namespace, istio)))
    return look(namespaces.flatMap(planNamespace))
  }
  /** Reads logs for their time; what was read of their end stays where that fails. */
  const readFurtherBack = async (windows: readonly LookFurtherBack[]): Promise<void> => {
    // A recording from before this was asked holds their ends alone.
    if (windows.length === 0 || clients.kubernetes.search === undefined) return
    await look(windows.map(({ step }) => step))
    const read = new Set(gathering.readings.flatMap(({ ok, source }) => (ok ? [source] : [])))
    const replaced = windows.flatMap(({ before, step }) =>
      read.has(inContext(step, clients.context).source) ? [inContext(before, clients.context)] : [],
    )
    gathering.forget(replaced)
    ledger.forget(replaced)
    evidence = new Evidence([])
  }
  try {
    await Promise.all([istiods, objects, ...(query.namespace === undefined ? [] : [inNamespace([query.namespace])])])
    requireAnswer(gathering.readings)
    let target = await of((all) => resolveTarget(query, all))
    options.progress?.target?.(target)
    const namespaces = [
      ...new Set([target.namespace, ...target.services.map(({ namespace = '' }) => namespace)]),
    ].filter((name) => name !== '')
    const gateways = await of((all) => planGatewayPods(target, all))
    await Promise.all([inNamespace(namespaces), look(gateways)])
    // Where istiod cannot be seen, the sidecars that were say which domain Services have.
    target = await of((all) => completeTarget(resolveTarget(query, all), all))
    await look(await of((all) => planGatewayPods(target, all)))
    const counted = beside(await of((all) => planTrafficCallers(target, all, clients.prometheus !== undefined)))
    // It only advises: nothing waits for it before the end.
    void beside(await of((all) => planKiali(target, all, clients.kiali !== undefined)))
    await Promise.all([
      of((all) => planProxies(target, all, clients.prometheus !== undefined)).then(look),
      of((all) => (options.descriptions === true ? planDescriptions(target, all) : [])).then(look),
      of(planGatewayLogs).then(look),
      Promise.all([status, counted]).then(async () => {
        await look(await of((all) => planCallerPods(target, all)))
        await look(await of((all) => planCallerLogs(target, all)))
      }),
    ])
    await look(await of((all) => [...planZtunnelPods(target, all), ...planWaypointPods(target, all)]))
    await look(await of((all) => planWaypoints(target, all)))
    await look(await of((all) => planZtunnels(target, all)))
    await look(await of((all) => planAmbientCallers(target, all)))
    await look(await of((all) => planZtunnels(target, all)))
    await readFurtherBack(await of((all) => planLogWindows(target, all)))
    target = await of((all) => withHostsSeen(target, all))
    await look(await of((all) => planCallerProxies(target, all)))
    await look(
      await of((all) => [
        ...planCallers(target, all),
        ...planUnknownCallers(target, all),
        ...planApplicationLogs(target, all),
        ...planWebhooks(target, all),
      ]),
    )
    await Promise.all(besides)
    await look((options.captures ?? []).map((one) => captured(one) as AnyStep))
    await look(
      await of((all) => [...planOtherRevisions(all), ...planIstiodLog(target, all), ...planIstiodPushes(target, all)]),
    )
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
    return await understood(probed.readings, async (readings) => {
      const report = await reportOf(
        target,
        checks,
        [...ledger.steps.values()],
        { ...probed, readings },
        {
          startedAt,
          finishedAt,
          context: clients.context,
          onBroken: options.onBroken,
        },
      )
      // Asked again below: what it reads must be readable.
      movedDuring(report, clients.istioctl)
      return report
    })
  } catch (error) {
    // What still runs beside is of no use any more.
    stop.abort(error)
    await Promise.allSettled(besides)
    throw error
  }
}
