import { explain, type CaptureReport } from '../capture/capture-report.ts'
import { emptyPcap, HeadersOnly } from '../capture/headers-only.ts'
import { HEADERS_ONLY, tcpdumpArguments, type CapturePlan } from '../capture/plan.ts'
import { CaptureReading } from '../capture/read-capture.ts'
import { redact } from '../evidence/redaction.ts'
import type { CaptureWriter } from '../fixes/capturing.ts'
import { grantLeasePermit } from '../fixes/permit.ts'
import { UserError } from '../mesh/user-error.ts'
import type { LeaseRecord } from './lease-record.ts'
import { refOfPod } from './lease-record.ts'
import { PACKET_CAPTURE, parseCaptureSetting } from './captures/capture-setting.ts'

/** Streams that are reported one by one. */
const MOST_STREAMS = 100
/** The link layer that an empty capture names. */
const ETHERNET = 1
/** Seconds after its time in which a capture ends by itself; then nobody listens any more. */
const ENDS_WITHIN = 10

/**
 * Captures for as long as the plan says, in what the lease has started, and explains what came. What `keep` gets is pcap, and of headers alone where the plan
 * says so.
 *
 * @param keep is given the capture as it comes
 * @throws UserError when nothing could be captured, with tcpdump's own words; UnseenError
 */
export async function capturePackets(
  { writer }: { writer: Pick<CaptureWriter, 'capturePackets'> },
  lease: LeaseRecord,
  plan: CapturePlan,
  keep: (piece: Uint8Array) => Promise<void> | void,
  signal: AbortSignal,
): Promise<CaptureReport> {
  const [proxy] = lease.proxies
  const wanted = parseCaptureSetting(lease.lent[PACKET_CAPTURE])
  if (proxy === undefined || wanted === undefined) throw new TypeError(`lease ${lease.id} is none of a capture`)
  const pod = refOfPod(proxy)
  const permit = grantLeasePermit({ lease: lease.id, pods: [pod] })
  const order = { seconds: plan.seconds, bytes: plan.bytes, tcpdump: tcpdumpArguments(plan) }
  const running = await writer.capturePackets(permit, pod, wanted, order, signal)
  const reading = new CaptureReading()
  const maker = plan.snapLength === HEADERS_ONLY ? new HeadersOnly() : undefined
  let [came, kept] = [0, 0]
  const late = setTimeout(() => running.close(), (plan.seconds + ENDS_WITHIN) * 1000)
  const take = async (piece: Uint8Array): Promise<void> => {
    reading.push(piece)
    kept += piece.length
    await keep(piece)
  }
  for await (const piece of running.output as AsyncIterable<Uint8Array>) {
    came += piece.length
    if (maker === undefined) await take(piece)
    else for (const made of maker.push(piece)) await take(made)
    if (came > plan.bytes) running.close()
  }
  clearTimeout(late)
  const { said } = await running.ended
  // The header alone is written before it turns out that nothing may be captured.
  if (reading.packets === 0 && !signal.aborted && !/packets? captured/.test(said)) throw nothingCame(said, wanted.form)
  // A capture of headers has its own header with its first packet.
  if (kept === 0) await take(emptyPcap(ETHERNET))
  const report = explain(reading.end(), { most: MOST_STREAMS })
  return { ...report, limits: [...limitsOf(said, came, plan, signal), ...report.limits] }
}

function limitsOf(said: string, came: number, plan: CapturePlan, signal: AbortSignal): string[] {
  const dropped = Number(/(\d+) packets? dropped by kernel/.exec(said)?.[1] ?? 0)
  return [
    ...(dropped > 0
      ? [`${dropped} packets were dropped by the kernel while capturing: what looks lost may have been there.`]
      : []),
    ...(came >= plan.bytes ? [`It ended at its limit of ${plan.bytes / 1024 / 1024} MB, before its time.`] : []),
    ...(signal.aborted ? ['It was ended before its time.'] : []),
    ...(plan.snapLength === HEADERS_ONLY
      ? [
          'Only headers were kept, and the first line of requests and answers without queries: headers of HTTP and bodies are not there.',
        ]
      : []),
  ]
}

function nothingCame(said: string, form: string): UserError {
  const words = redact(said)
    .split('\n')
    .filter((line) => line !== '')
    .slice(-3)
    .join('; ')
    .slice(0, 400)
  const isRights = /permission|not permitted/i.test(said)
  const hasNone = /not found|No such file/i.test(said)
  return new UserError(
    {
      why: `Nothing could be captured: ${words === '' ? 'tcpdump ended without a word' : words}`,
      remedies: [
        ...(isRights && form === 'plain-container'
          ? [
              'The runtime gives its containers no NET_RAW (CRI-O does not): a pod on the same node is needed (capture.namespace).',
            ]
          : []),
        ...(hasNone
          ? ['The image needs tcpdump, sh, timeout and head, and nsenter for pods on a node (capture.image).']
          : []),
      ],
    },
    { code: 'capture-failed' },
  )
}
