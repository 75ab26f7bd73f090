import { z } from 'zod'
import { boundedPods } from '../leases/log-levels/bounded-pods.ts'
import { choosePods, findProxies } from '../leases/find-proxies.ts'
import { findZtunnels, requireZtunnels, whomTheyServe } from '../leases/find-ztunnels.ts'
import { readLease } from '../leases/lease-record.ts'
import { LeaseRefusedError } from '../leases/lease-refused.ts'
import { requireMinutes, type LeaseRequest } from '../leases/raise.ts'
import { requireLoggers } from '../leases/log-levels/levels.ts'
import { defined } from '../mesh/defined.ts'
import { refOf } from '../mesh/objects.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { targetKey } from '../mesh/target.ts'
import { withPresentWord } from '../store/former-words.ts'
import { AskedTarget, type RunRecord } from '../store/runs.ts'
import { defineCapability } from './capability.ts'
import type { CapabilityDeps } from './deps.ts'
import { shownLevels } from './log-levels.ts'
import { makeLease } from './make-lease.ts'
import { proxiesOfRun } from './proxies-of.ts'
import { usualMinutes } from '../leases/minutes.ts'

const RaiseRequest = z.object({
  kind: z.literal('raise-log-levels'),
  text: z.string(),
  namespace: z.string().optional(),
  target: AskedTarget.optional(),
  /** The diagnosis whose thread it was asked in. */
  of: z.string().optional(),
  /** Loggers and levels, for how long, on how many proxies or on which pods. */
  raise: z
    .object({
      levels: z.record(z.string(), z.string()),
      minutes: z.number().optional(),
      proxies: z.number().optional(),
      pods: z.array(z.string()).optional(),
      /** Of the ztunnels that serve the target's pods, by module. */
      ztunnel: z.boolean().optional(),
    })
    .optional(),
})
type RaiseRun = RunRecord<z.infer<typeof RaiseRequest>>

const RaiseAnswer = z.object({
  kind: z.preprocess(withPresentWord, z.literal('raise-log-levels')),
  lease: z.string(),
})
export type RaiseAnswer = z.infer<typeof RaiseAnswer>

/**
 * Raises log levels for the one who asked, if they may: operators. May be run again at any moment: what was there before is in the lease's
 * record, under the run's own id.
 */
export const raise = defineCapability({
  kind: 'raise-log-levels',
  request: RaiseRequest,
  answer: RaiseAnswer,
  role: 'operator',
  audit: {
    asked: 'lease-asked',
    refused: 'lease-refused',
    facts: (request) => (request.raise === undefined ? {} : { levels: request.raise.levels }),
  },
  isBegun: async ({ records }, run) => (await readLease(records, run.id)) !== undefined,
  work: (deps, run, _thread, signal): Promise<RaiseAnswer> => raiseFor(deps, run, signal),
  outcome: ({ lease }) => ({ verdict: 'raised', sentence: `lease ${lease}` }),
})

async function raiseFor(deps: CapabilityDeps, run: RaiseRun, signal: AbortSignal): Promise<RaiseAnswer> {
  const request = (): Promise<LeaseRequest> => requestOf(deps, run, signal)
  const lease = await makeLease(deps, run, { request, facts: { levels: run.request.raise?.levels } }, signal)
  return { kind: 'raise-log-levels', lease: lease.id }
}

/** What is raised, for how long, on which proxies. @throws LeaseRefusedError, UnknownTargetError, AmbiguousTargetError, TargetSyntaxError */
async function requestOf(deps: CapabilityDeps, run: RaiseRun, signal: AbortSignal): Promise<LeaseRequest> {
  const {
    policy: { leases },
    clients,
    records,
  } = deps
  const { request } = run
  const wanted = request.raise
  if (wanted === undefined || Object.keys(wanted.levels).length === 0)
    throw new LeaseRefusedError('No logger and level was given.', ['For example http:debug,router:debug'])
  const minutes = wanted.minutes ?? usualMinutes(leases.minutes)
  requireMinutes(minutes, leases.minutes)
  const known = await readLease(records, run.id)
  const about = {
    id: run.id,
    run: run.id,
    kind: wanted.ztunnel === true ? ('ztunnel-levels' as const) : ('log-levels' as const),
    settings: wanted.levels,
    minutes,
    by: run.asker,
    asked: { text: request.text, ...defined({ namespace: request.namespace }) },
    channel: run.channel,
    thread: run.thread,
  }
  if (known !== undefined) return { ...about, target: known.target, pods: [] }
  const limits = { signal, stepTimeout: deps.stepTimeout, concurrency: deps.concurrency }
  if (wanted.ztunnel === true) {
    requireZtunnels(leases)
    const { target, pods } = await findZtunnels(parseTarget(request.text, request.namespace), clients, limits)
    const chosen = choosePods(pods, { named: wanted.pods, count: wanted.proxies, most: leases.proxies })
    const served = await whomTheyServe(chosen.pods, clients, limits)
    return { ...about, target: targetKey(target), pods: chosen.pods, notes: [...served, ...chosen.notes] }
  }
  const beside = wanted.pods === undefined || request.of === undefined ? [] : await proxiesOfRun(records, request.of)
  const { target, pods, others } = await findProxies(parseTarget(request.text, request.namespace), clients, {
    ...limits,
    beside,
  })
  const chosen = choosePods(pods, { named: wanted.pods, count: wanted.proxies, most: leases.proxies, others })
  const shown = await shownLevels(chosen.pods.map(refOf), clients, limits)
  requireLoggers(
    wanted.levels,
    shown.map((one) => ('levels' in one ? one.levels : undefined)),
  )
  const bounded = await boundedPods(chosen.pods, wanted.levels, { clients, isNamed: wanted.pods !== undefined, signal })
  return { ...about, target: targetKey(target), pods: bounded.pods, notes: [...chosen.notes, ...bounded.notes] }
}
