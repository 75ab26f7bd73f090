import {
  MOST_PROBES,
  type NotProbed,
  type PlannedProbes,
  type Probing,
  type SentProbe,
} from '../diagnosis/probe/probing.ts'
import type { ProbeRequest } from '../mesh/probe.ts'

/** Classes that are named one by one. */
const MOST_NAMED = 8

/** `GET https://shop.example.com/cart (x-canary: yes) through istio-ingressgateway-64577df8d7-kp29m, port 8443` */
export function probeText({ method, tls, authority, path, headers, pod, port }: ProbeRequest): string {
  const asked = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const scheme = tls === undefined ? 'http' : 'https'
  return `${method} ${scheme}://${authority}${path}${asked.length === 0 ? '' : ` (${asked.join(', ')})`} through ${pod.name}, port ${port}`
}

const leftText = ({ method, host, path, why }: NotProbed): string => `${method} ${host}${path}: ${why}`

/** What is not probed, a line each; many of them in part. */
export function leftLines(left: readonly NotProbed[]): string[] {
  const more = left.length - MOST_NAMED
  return [...left.slice(0, MOST_NAMED).map(leftText), ...(more > 0 ? [`and ${more} more`] : [])]
}

/** What is about to be sent, as a heading. */
export const announcementHead = ({ send }: PlannedProbes): string =>
  send.length === 0
    ? 'No probes are sent: no class of requests through a gateway both needs one and allows one.'
    : `Sending ${send.length === 1 ? 'one probe' : `${send.length} probes`} through the gateway's own pod. A probe that fails although the configuration says otherwise is sent once more (${MOST_PROBES} requests at most).`

/** What became of one probe. */
export const sentText = (one: SentProbe): string => `${probeText(one)}: ${one.says}`

/** What was sent and what not, as a heading. */
export function probingHead({ sent }: Probing): string {
  if (sent.length === 0) return 'Probes: none sent'
  const counting = sent.filter(({ counts }) => counts).length
  return `Probes: ${sent.length} sent, ${counting} counted as ${counting === 1 ? 'an observed request' : 'observed requests'}`
}

/** How a report writes what it says of probes. */
export interface ProbingStyle {
  heading(text: string): string[]
  sent(text: string, command: string): string[]
  notProbed(texts: readonly string[]): string[]
}

/** The probes, and the classes that got none, as lines of a report. */
export function probingLines(probing: Probing, style: ProbingStyle): string[] {
  const left = leftLines(probing.left)
  return [
    ...style.heading(probingHead(probing)),
    ...probing.sent.flatMap((one) => style.sent(sentText(one), one.command)),
    ...(left.length === 0 ? [] : style.notProbed(left)),
  ]
}
