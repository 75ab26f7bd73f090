import { z } from 'zod'
import { prepareAccessLogs } from '../leases/access-logs/prepare.ts'
import { takenByProxies } from '../leases/access-logs/taken-by-proxies.ts'
import { readLease, updateLease, type LeaseRecord } from '../leases/lease-record.ts'
import { ACCESS_LOG } from '../leases/lease-words.ts'
import { requireMinutes, type LeaseRequest } from '../leases/raise.ts'
import { defined } from '../mesh/defined.ts'
import type { Pod } from '../mesh/objects.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { targetKey } from '../mesh/target.ts'
import { AskedTarget, type RunRecord } from '../store/runs.ts'
import { defineCapability } from './capability.ts'
import type { CapabilityDeps } from './deps.ts'
import { makeLease } from './make-lease.ts'
import { proxiesOfRun } from './proxies-of.ts'
import { usualMinutes } from '../leases/minutes.ts'

const TurnOnRequest = z.object({
  kind: z.literal('turn-on-access-logs'),
  text: z.string(),
  namespace: z.string().optional(),
  target: AskedTarget.optional(),
  /** The diagnosis whose thread it was asked in. */
  of: z.string().optional(),
  /** `Deployment shop/catalog`; absent where the target has one alone that logs nothing. */
  workload: z.string().optional(),
  provider: z.string().optional(),
  minutes: z.number().optional(),
})
type TurnOnRun = RunRecord<z.infer<typeof TurnOnRequest>>

const TurnOnAnswer = z.object({ kind: z.literal('turn-on-access-logs'), lease: z.string() })
export type TurnOnAnswer = z.infer<typeof TurnOnAnswer>

/**
 * Turns on the access logs of one workload for the one who asked, if they may: operators. May be run again at any moment: the lease has the run's own id,
 * and so has the Telemetry object.
 */
export const turnOnAccessLogs = defineCapability({
  kind: 'turn-on-access-logs',
  request: TurnOnRequest,
  answer: TurnOnAnswer,
  role: 'operator',
  audit: { asked: 'lease-asked', refused: 'lease-refused', facts: factsOf },
  isBegun: async ({ records }, run) => (await readLease(records, run.id)) !== undefined,
  async work(deps, run, _thread, signal): Promise<TurnOnAnswer> {
    let pods: readonly Pod[] = []
    const request = async (): Promise<LeaseRequest> => {
      const asked = await requestOf(deps, run, signal)
      pods = asked.pods
      return asked
    }
    const raised = async (made: LeaseRecord): Promise<void> => {
      const taken = await takenByProxies(pods, deps.clients, { signal })
      if (taken !== undefined) await noteTaken(deps, made, taken)
    }
    const lease = await makeLease(deps, run, { request, facts: factsOf(run.request), raised }, signal)
    return { kind: 'turn-on-access-logs', lease: lease.id }
  },
  outcome: ({ lease }) => ({ verdict: 'turned on', sentence: `lease ${lease}` }),
})

/** Adds a note to a lease. */
async function noteTaken({ records }: CapabilityDeps, { id }: LeaseRecord, note: string): Promise<void> {
  await updateLease(records, id, ({ notes = [], ...lease }) => ({ ...lease, notes: [...notes, note] }))
}

function factsOf({ workload, provider }: z.infer<typeof TurnOnRequest>): Record<string, unknown> {
  return { lent: { [ACCESS_LOG]: provider ?? 'to be chosen' }, ...defined({ workload }) }
}

/** @throws LeaseRefusedError, UnknownTargetError, AmbiguousTargetError, TargetSyntaxError */
async function requestOf(deps: CapabilityDeps, run: TurnOnRun, signal: AbortSignal): Promise<LeaseRequest> {
  const {
    policy: { leases },
    clients,
    records,
  } = deps
  const { text, namespace, of, workload, provider, minutes: asked } = run.request
  const minutes = asked ?? usualMinutes(leases.minutes)
  requireMinutes(minutes, leases.minutes)
  const about = {
    id: run.id,
    run: run.id,
    kind: 'access-logs' as const,
    minutes,
    pods: [],
    by: run.asker,
    asked: { text, ...defined({ namespace }) },
    channel: run.channel,
    thread: run.thread,
  }
  const known = await readLease(records, run.id)
  if (known !== undefined) return { ...about, settings: known.lent, target: known.target }
  const found = await prepareAccessLogs(parseTarget(text, namespace), clients, {
    workload,
    provider,
    // Those of gateways that the diagnosis has read may be named.
    beside: workload === undefined || of === undefined ? [] : await proxiesOfRun(records, of),
    signal,
    stepTimeout: deps.stepTimeout,
    concurrency: deps.concurrency,
  })
  return {
    ...about,
    pods: found.pods,
    settings: found.settings,
    workload: found.workload,
    target: targetKey(found.target),
    notes: found.notes,
  }
}
