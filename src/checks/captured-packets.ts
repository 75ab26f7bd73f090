import type { CaptureCheck, CaptureFinding } from '../capture/findings.ts'
import type { CapturedPackets } from '../capture/captured.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import { formatRef, sameRef, type Ref } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import { defineCheck, proof, type Code, type Found, type Problem } from './check.ts'
import { gatewayPods } from './facts/proxies-of.ts'
import { lastRoutingChange, ROUTING_KINDS } from './facts/traffic-of.ts'
import { refOf } from '../mesh/objects.ts'

const CODES: Readonly<Record<CaptureCheck, Code>> = {
  'client-closed-first': 'MESH0448',
  'answer-after-close': 'MESH0449',
  'server-reset': 'MESH0450',
  'connection-refused': 'MESH0451',
  'connection-unanswered': 'MESH0452',
  retransmissions: 'MESH0453',
  'zero-window': 'MESH0454',
  'tls-alert': 'MESH0455',
}

const problem = (title: string): Problem => ({
  severity: 'warning',
  title,
  says: 'packets of {subject}, captured at {time}: {clause}',
  remedy: '{correction}',
})

/**
 * What packets have shown, captured a while ago: who closed first, what was refused, reset, sent again. It is observed, of one pod and a few seconds: it explains
 * what else was found, and makes nobody ill by itself.
 */
export const capturedPackets = defineCheck({
  name: 'captured-packets',
  about: 'packets captured lately show no connection that was cut, refused or lost',
  needs: ['capture'],
  confirms: ['pods', ...ROUTING_KINDS],
  optional: true,
  problems: {
    MESH0448: problem('packets: the caller closed first'),
    MESH0449: { ...problem('packets: answer after the close'), symptom: true },
    MESH0450: problem('packets: the server closed first'),
    MESH0451: problem('packets: connections refused'),
    MESH0452: problem('packets: connections not answered'),
    MESH0453: problem('packets: segments sent again'),
    MESH0454: problem('packets: receiver takes no more'),
    MESH0455: problem('packets: TLS handshake broken off'),
  },
  run(evidence, target) {
    // Packets from before the last change prove nothing; where that is not known, nothing is told of them.
    const changed = lastRoutingChange(evidence, target)
    if (changed === undefined) return []
    return evidence
      .seen('capture')
      .filter(({ value: { begins } }) => begins !== undefined && Date.parse(begins) >= changed)
      .filter(({ value }) => concerns(podOf(value), evidence, target))
      .flatMap((reading) => reading.value.findings.filter(isOfTarget).map((finding) => found(reading, finding, target)))
  },
})

/** That no cloud's metadata service answers is a warning of the capture, and no matter of the target's. */
const isOfTarget = ({ check, severity }: CaptureFinding): boolean =>
  check !== 'connection-unanswered' || severity === 'error'

const podOf = ({ pod }: CapturedPackets): Ref => ({ kind: 'Pod', ...pod })

/** A pod of the target, or of a gateway that leads to it. */
const concerns = (pod: Ref, evidence: Evidence, target: Target): boolean =>
  target.pods.some((one) => sameRef(one, pod)) || gatewayPods(evidence, target).some((one) => sameRef(refOf(one), pod))

function found(
  reading: Seen<'capture'>,
  { check, says, means, quote }: CaptureFinding & { quote: readonly string[] },
  target: Target,
): Found {
  const { value } = reading
  const pod = podOf(value)
  const sentence = says.replace(/\.$/, '').replace(/\(name asked for: ([^)]*)\)$/, '(name asked for: `$1`)')
  return {
    code: CODES[check],
    standing: 'observed',
    subject: pod,
    args: {
      time: `${(value.begins ?? '').slice(0, 19)}Z`,
      clause: sentence.replace(/^[A-Z](?=[a-z ])/, (first) => first.toLowerCase()),
      correction: means,
    },
    because: [proof(reading, sentence.replaceAll('`', ''), quote.join('\n'))],
    scope: [formatRef(pod), formatRef(target.ref), ...target.hosts],
  }
}
