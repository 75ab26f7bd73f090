import { z } from 'zod'
import type { CaptureReport } from '../capture/capture-report.ts'
import { nothingIn } from '../capture/nothing-in.ts'
import { planCapture, planText, type CapturePlan } from '../capture/plan.ts'
import { UnseenError } from '../evidence/clients/clients.ts'
import { capturePackets } from '../leases/capture-packets.ts'
import { AskedPackets } from '../leases/captures/approval.ts'
import { noImage } from '../leases/captures/no-image.ts'
import { leaseMinutes, prepareCapture, type PreparedCapture } from '../leases/captures/prepare.ts'
import { readLease, type LeaseRecord } from '../leases/lease-record.ts'
import { LeaseRefusedError } from '../leases/lease-refused.ts'
import { putBack } from '../leases/put-back.ts'
import { requireMinutes, type LeaseRequest } from '../leases/raise.ts'
import { defined } from '../mesh/defined.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { targetKey } from '../mesh/target.ts'
import { AskedTarget, type RunRecord } from '../store/runs.ts'
import { approvalMissing } from './ask-capture.ts'
import { ExplainedAnswer, WaitingAnswer, type CaptureAnswer } from './capture-answer.ts'
import { noteCapture } from './captures-lately.ts'
import { defineCapability } from './capability.ts'
import type { CapabilityDeps } from './deps.ts'
import { makeLease } from './make-lease.ts'

const CaptureRequest = z.object({
  kind: z.literal('capture'),
  text: z.string(),
  namespace: z.string().optional(),
  target: AskedTarget.optional(),
  ...AskedPackets.shape,
  /** Where it was asked for first, and approved since. */
  approval: z.string().optional(),
})
export type CaptureRequest = z.infer<typeof CaptureRequest>
export type { CaptureAnswer } from './capture-answer.ts'
type CaptureRun = RunRecord<CaptureRequest>

/** Bytes of a capture that are kept with its answer. */
const MOST_KEPT = 768 * 1024

/** @throws UserError */
export const plannedCapture = ({ interface: on, port, peer, seconds, payload }: AskedPackets): CapturePlan =>
  planCapture({ interface: on, port, peer, payload, ...(seconds !== undefined && { for: `${seconds}s` }) })

/**
 * Captures packets of one pod and explains them, once operators have approved it. What captures is a lease of the run's own id: it is ended with the run, by the
 * sweep, and by itself.
 */
export const capture = defineCapability({
  kind: 'capture',
  request: CaptureRequest,
  answer: z.union([ExplainedAnswer, WaitingAnswer]),
  role: 'viewer',
  audit: {
    asked: 'lease-asked',
    facts: ({ interface: on, port, peer, seconds, payload, approval }) =>
      defined({ interface: on, port, peer, seconds, payload, approval }),
  },
  async work(deps, run, _thread, signal): Promise<CaptureAnswer | z.infer<typeof WaitingAnswer>> {
    const plan = plannedCapture(run.request)
    requireCapturing(deps, plan)
    const waits = await approvalMissing(
      deps,
      run,
      plan,
      async (lease) => (await prepared(deps, run, lease, plan, signal)).notes,
    )
    if (waits !== undefined) return { kind: 'capture', approval: waits.id }
    const pieces: Uint8Array[] = []
    let kept = 0
    let report: CaptureReport | undefined
    const raised = async (made: LeaseRecord): Promise<void> => {
      if (made.state !== 'raised')
        throw new LeaseRefusedError('The capture was interrupted before it was done.', ['Ask for it again.'])
      const keep = (piece: Uint8Array): void => {
        kept += piece.length
        if (kept <= MOST_KEPT) pieces.push(piece)
      }
      report = await capturePackets(deps, made, plan, keep, signal).catch((error: unknown) => {
        throw error instanceof UnseenError
          ? new LeaseRefusedError(`Nothing could be captured: ${error.message}.`, [], { cause: error })
          : error
      })
      signal.throwIfAborted()
    }
    try {
      const lease = await makeLease(
        deps,
        run,
        { request: () => requestOf(deps, run, plan, signal), facts: { plan: planText(plan) }, raised },
        signal,
      )
      if (report === undefined)
        throw new LeaseRefusedError('The capture was interrupted before it was done.', ['Ask for it again.'])
      const [proxy] = lease.proxies
      await noteCapture(deps.records, run.channel, run.id)
      return {
        kind: 'capture',
        lease: lease.id,
        pod: `${proxy?.pod.namespace ?? ''}/${proxy?.pod.name ?? ''}`,
        plan: (lease.notes ?? [planText(plan)]).join('; '),
        report,
        ...(kept <= MOST_KEPT && { pcap: Buffer.concat(pieces).toString('base64') }),
      }
    } finally {
      await putBack(deps, run.id, { why: 'time' }, new AbortController().signal)
    }
  },
  outcome(answer) {
    if ('approval' in answer) return { verdict: 'asked', sentence: 'it waits for approval' }
    const { report } = answer
    return {
      verdict: 'captured',
      sentence: report.stories[0]?.says ?? nothingIn(report)?.why ?? 'nothing to tell',
    }
  },
})

/** @throws LeaseRefusedError where nothing could be captured, whoever approves it */
function requireCapturing({ policy }: CapabilityDeps, plan: CapturePlan): void {
  if (policy.captures.image === undefined) {
    const { why, remedies } = noImage('MESH_MEDIC_CONFIG')
    throw new LeaseRefusedError(why, remedies)
  }
  requireMinutes(leaseMinutes(plan), policy.leases.minutes)
}

/** @throws LeaseRefusedError, UnknownTargetError, AmbiguousTargetError, TargetSyntaxError */
function prepared(
  { clients, writer, policy, stepTimeout, concurrency }: CapabilityDeps,
  { request: { text, namespace } }: CaptureRun,
  lease: string,
  plan: CapturePlan,
  signal: AbortSignal,
): Promise<PreparedCapture> {
  const ways = { clients, writer, namespace: policy.captures.namespace }
  return prepareCapture(lease, parseTarget(text, namespace), plan, ways, {
    signal,
    ...defined({ stepTimeout, concurrency }),
  })
}

/** @throws LeaseRefusedError, UnknownTargetError, AmbiguousTargetError, TargetSyntaxError */
async function requestOf(
  deps: CapabilityDeps,
  run: CaptureRun,
  plan: CapturePlan,
  signal: AbortSignal,
): Promise<LeaseRequest> {
  const { text, namespace } = run.request
  // It is told by the run itself, and has no message of its own.
  const about = {
    id: run.id,
    run: run.id,
    kind: 'captures' as const,
    minutes: leaseMinutes(plan),
    pods: [],
    by: run.asker,
    asked: { text, ...defined({ namespace }) },
  }
  const known = await readLease(deps.records, run.id)
  if (known !== undefined) return { ...about, settings: known.lent, target: known.target }
  const found = await prepared(deps, run, run.id, plan, signal)
  return { ...about, settings: found.settings, pods: [found.pod], target: targetKey(found.target), notes: found.notes }
}
