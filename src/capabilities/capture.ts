import { z } from 'zod'
import type { CaptureReport } from '../capture/capture-report.ts'
import { nothingIn } from '../capture/nothing-in.ts'
import { CAPTURE_INTERFACES, planCapture, planText, type CapturePlan } from '../capture/plan.ts'
import { UnseenError } from '../evidence/clients/clients.ts'
import { capturePackets } from '../leases/capture-packets.ts'
import { leaseMinutes, prepareCapture } from '../leases/captures/prepare.ts'
import { readLease, type LeaseRecord } from '../leases/lease-record.ts'
import { LeaseRefusedError } from '../leases/lease-refused.ts'
import { putBack } from '../leases/put-back.ts'
import { requireMinutes, type LeaseRequest } from '../leases/raise.ts'
import { defined } from '../mesh/defined.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { targetKey } from '../mesh/target.ts'
import { AskedTarget, type RunRecord } from '../store/runs.ts'
import { defineCapability } from './capability.ts'
import type { CapabilityDeps } from './deps.ts'
import { makeLease } from './make-lease.ts'

const CaptureRequest = z.object({
  kind: z.literal('capture'),
  text: z.string(),
  namespace: z.string().optional(),
  target: AskedTarget.optional(),
  interface: z.enum(CAPTURE_INTERFACES).optional(),
  port: z.number().int().optional(),
  peer: z.string().optional(),
  seconds: z.number().int().optional(),
})
type CaptureRun = RunRecord<z.infer<typeof CaptureRequest>>

const CaptureAnswer = z.object({
  kind: z.literal('capture'),
  lease: z.string(),
  pod: z.string(),
  plan: z.string(),
  report: z.custom<CaptureReport>((value) => typeof value === 'object' && value !== null && 'streams' in value),
  /** The capture itself, of headers alone: pcap as base64; absent when it is larger than what is kept. */
  pcap: z.string().optional(),
})
export type CaptureAnswer = z.infer<typeof CaptureAnswer>

/** Bytes of a capture that are kept with its answer. */
const MOST_KEPT = 768 * 1024

/** What is captured: headers alone. Whole packets are for a terminal, where whoever captures them keeps them. @throws UserError */
export const plannedCapture = ({
  seconds,
  ...asked
}: Pick<z.infer<typeof CaptureRequest>, 'interface' | 'port' | 'peer' | 'seconds'>): CapturePlan =>
  planCapture({ ...asked, ...(seconds !== undefined && { for: `${seconds}s` }) })

/**
 * Captures packets of one pod for the one who asked, if they may: operators; and explains them. What captures is a lease of the run's own id: it is ended with
 * the run, by the sweep, and by itself.
 */
export const capture = defineCapability({
  kind: 'capture',
  request: CaptureRequest,
  answer: CaptureAnswer,
  role: 'operator',
  audit: {
    asked: 'lease-asked',
    refused: 'lease-refused',
    facts: ({ interface: on, port, peer, seconds }) => defined({ interface: on, port, peer, seconds }),
  },
  isBegun: async ({ records }, run) => (await readLease(records, run.id)) !== undefined,
  async work(deps, run, _thread, signal): Promise<CaptureAnswer> {
    const plan = plannedCapture(run.request)
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
  outcome: ({ report }) => ({
    verdict: 'captured',
    sentence: report.stories[0]?.says ?? nothingIn(report)?.why ?? 'nothing to tell',
  }),
})

/** @throws LeaseRefusedError, UnknownTargetError, AmbiguousTargetError, TargetSyntaxError */
async function requestOf(
  deps: CapabilityDeps,
  run: CaptureRun,
  plan: CapturePlan,
  signal: AbortSignal,
): Promise<LeaseRequest> {
  const { policy, clients, records, writer, stepTimeout, concurrency } = deps
  const { text, namespace } = run.request
  if (policy.captures.image === undefined)
    throw new LeaseRefusedError('No image to capture with is configured.', [
      'Whoever runs mesh-medic sets capture.image, and applies deploy/capture.yaml.',
    ])
  const minutes = leaseMinutes(plan)
  requireMinutes(minutes, policy.leases.minutes)
  // It is told by the run itself, and has no message of its own.
  const about = {
    id: run.id,
    run: run.id,
    kind: 'captures' as const,
    minutes,
    pods: [],
    by: run.asker,
    asked: { text, ...defined({ namespace }) },
  }
  const known = await readLease(records, run.id)
  if (known !== undefined) return { ...about, settings: known.lent, target: known.target }
  const ways = { clients, writer, namespace: policy.captures.namespace }
  const found = await prepareCapture(run.id, parseTarget(text, namespace), plan, ways, {
    signal,
    ...defined({ stepTimeout, concurrency }),
  })
  return { ...about, settings: found.settings, pods: [found.pod], target: targetKey(found.target), notes: found.notes }
}
