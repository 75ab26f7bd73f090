import { quantile } from '../mesh/latency.ts'
import type { OutcomeKind } from './outcome.ts'
import { possessive, type Understood } from './story.ts'
import { counted, extent, grouped, span, spans } from './words.ts'

/** What checks on a capture look for. */
export type CaptureCheck =
  | 'client-closed-first'
  | 'answer-after-close'
  | 'server-reset'
  | 'connection-refused'
  | 'connection-unanswered'
  | 'retransmissions'
  | 'zero-window'
  | 'tls-alert'

/** A symptom that packets show. */
export interface CaptureFinding {
  check: CaptureCheck
  severity: 'error' | 'warning'
  /** Packets are what happened: never less than that. */
  standing: 'observed'
  says: string
  /** What it points to, and what to look at next. */
  means: string
  /** Numbers of the streams, as Wireshark has them. At most 20. */
  streams: number[]
  count: number
}

const MOST_NAMED = 20
/** Below this share of the segments with data, and this number, segments sent again are a network's everyday life. */
const RETRANSMITTED = 0.01
const RETRANSMISSIONS = 3
/** Where clouds tell machines about themselves. */
const METADATA = '169.254.169.254'

/** Every symptom that the streams show, errors first. */
export function findingsOf(all: readonly Understood[]): CaptureFinding[] {
  const byKind = Map.groupBy(all, ({ outcome }) => outcome.kind)
  const of = (kind: OutcomeKind): Understood[] => byKind.get(kind) ?? []
  const found = [
    clientClosed(of('client-closed-first')),
    answeredAfter(all.filter(({ outcome }) => outcome.answeredAfterClose !== undefined && outcome.isRefused === true)),
    serverClosed(of('server-closed-first')),
    refused(of('refused')),
    unreached(of('unreached')),
    alerted(all),
    sentAgain(all),
    notTaken(all),
  ].flatMap((one) => one ?? [])
  return found.toSorted((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'))
}

function finding(
  check: CaptureCheck,
  of: readonly Understood[],
  { says, means, severity = 'error' }: { says: string; means: string; severity?: 'error' | 'warning' },
): CaptureFinding {
  const streams = of.slice(0, MOST_NAMED).map(({ stream }) => stream.id)
  return {
    check,
    severity,
    standing: 'observed',
    says: says.replace(/^[a-z]/, (first) => first.toUpperCase()),
    means,
    streams,
    count: of.length,
  }
}

/** Names of all, each once; a few. */
function names(of: readonly Understood[], side: 'client' | 'server'): string {
  const all = [...new Set(of.map(({ parties }) => parties[side].name))]
  return all.length > 3 ? `${all.slice(0, 3).join(', ')} and ${all.length - 3} others` : all.join(' and ')
}

const closedAfter = (of: readonly Understood[]): number[] => of.flatMap(({ outcome }) => outcome.closedAfter ?? [])

function clientClosed(of: readonly Understood[]): CaptureFinding | undefined {
  if (of.length === 0) return undefined
  const after = closedAfter(of)
  // After the same time again and again: somebody's clock, not somebody's choice.
  const [least, most] = extent(after)
  const isTimeout = of.length > 1 && most - least <= Math.max(20, least * 0.1)
  const isProxy = of.every(({ parties }) => parties.leg === 'application')
  return finding('client-closed-first', of, {
    says: `${names(of, 'client')} closed before the answer was there: ${counted(of.length, 'request')}, ${spans(after)} after the request.`,
    means: `${
      isTimeout
        ? `Each time after the same time: a timeout of about ${span(
            Math.round(
              quantile(
                after.toSorted((a, b) => a - b),
                0.5,
              ) / 10,
            ) * 10,
          )}. `
        : ''
    }${
      isProxy
        ? "The proxy gave up, not the application: look for that timeout in the VirtualService's route (timeout, perTryTimeout), or at the caller, whose leaving the proxy passes on."
        : 'Look for a timeout of that length at the caller.'
    }`,
  })
}

function answeredAfter(of: readonly Understood[]): CaptureFinding | undefined {
  if (of.length === 0) return undefined
  const after = of.flatMap(({ outcome }) => outcome.answeredAfterClose ?? [])
  const whole = of.flatMap(({ outcome }) => (outcome.closedAfter ?? 0) + (outcome.answeredAfterClose ?? 0))
  return finding('answer-after-close', of, {
    says: `${names(of, 'server')} did answer, ${spans(after)} after the connection was closed: ${counted(of.length, 'answer')} that nobody took.`,
    means: `From request to answer it took ${spans(whole)}; the other side gave up after ${spans(closedAfter(of))}: make it faster, or wait longer for it.`,
  })
}

function serverClosed(of: readonly Understood[]): CaptureFinding | undefined {
  if (of.length === 0) return undefined
  const after = closedAfter(of)
  const raced = of.filter(
    ({ outcome }) =>
      (outcome.closedAfter ?? 0) < 0 || ((outcome.idleBefore ?? 0) >= 1000 && (outcome.closedAfter ?? 0) < 50),
  )
  const withReset = of.filter(({ outcome }) => outcome.closedWith === 'RST').length
  return finding('server-reset', of, {
    says: `${names(of, 'server')} closed before its answer was whole: ${counted(of.length, 'request')} (${withReset} with RST, ${of.length - withReset} with FIN), ${spans(after)} after the request.`,
    means:
      raced.length === of.length
        ? "Each request came on a connection that had been idle, or was closed already: its keep-alive timeout is shorter than the caller's."
        : 'It crashed, was restarted, or refuses what it was sent: look at its log and its restarts at that moment.',
  })
}

function refused(of: readonly Understood[]): CaptureFinding | undefined {
  const [first] = of
  if (first === undefined) return undefined
  return finding('connection-refused', of, {
    says: `${names(of, 'server')} refused ${counted(of.length, 'connection')} on port ${[...new Set(of.map(({ parties }) => parties.server.port))].slice(0, 5).join(', ')}.`,
    means:
      'Nothing listens there, or only on another address: compare the port and address with those the application listens on.',
  })
}

function unreached(of: readonly Understood[]): CaptureFinding | undefined {
  // One packet may be the capture's last.
  const tried = of.filter(({ stream, parties }) => stream.flows[parties.clientSide].syns > 1)
  if (tried.length === 0) return undefined
  const isMetadata = tried.every(({ parties }) => parties.server.address === METADATA)
  return finding('connection-unanswered', tried, {
    ...(isMetadata && { severity: 'warning' as const }),
    says: `${names(tried, 'server')} did not answer ${counted(tried.length, 'connection')}, though asked more than once.`,
    means: isMetadata
      ? "That is a cloud's metadata service, which a proxy asks for its zone as it starts: where there is none, nothing answers."
      : 'Packets are dropped on the way: a NetworkPolicy, a firewall, or an address that nobody has any more.',
  })
}

function alerted(all: readonly Understood[]): CaptureFinding | undefined {
  const of = all.filter(({ stream }) => stream.conversation.tls?.alerts.some(({ name }) => name !== 'close_notify'))
  const [first] = of
  const alert = first?.stream.conversation.tls?.alerts.find(({ name }) => name !== 'close_notify')
  if (first === undefined || alert === undefined) return undefined
  const { parties, stream } = first
  const by = alert.by === parties.clientSide ? parties.client.name : parties.server.name
  const sni = stream.conversation.tls?.sni
  return finding('tls-alert', of, {
    says: `${by} broke off ${counted(of.length, 'TLS handshake')} with the alert ${alert.name}${sni === undefined ? '' : ` (name asked for: ${sni})`}.`,
    means: meaningOf(alert.name, by),
  })
}

function meaningOf(alert: string, by: string): string {
  if (
    ['unknown_ca', 'bad_certificate', 'certificate_unknown', 'certificate_expired', 'certificate_revoked'].includes(
      alert,
    )
  )
    return `${by} does not accept the other side's certificate: compare their roots, names and dates.`
  if (['certificate_required', 'handshake_failure', 'access_denied'].includes(alert))
    return `${by} wants what the other side did not offer: a client certificate, mostly. Compare PeerAuthentication with the DestinationRule's TLS mode.`
  if (['unrecognized_name', 'no_application_protocol'].includes(alert))
    return `${by} does not serve that name or protocol: compare the SNI and ALPN with its Gateway or filter chains.`
  return `${by} does not go on with this handshake.`
}

function sentAgain(all: readonly Understood[]): CaptureFinding | undefined {
  const of: Understood[] = []
  let [again, packets] = [0, 0]
  for (const one of all) {
    const [flow, other] = [one.stream.flow(0), one.stream.flow(1)]
    const ofStream = flow.retransmissions + other.retransmissions
    packets += flow.packets + other.packets
    again += ofStream
    if (ofStream > 0) of.push(one)
  }
  const stalled = of.flatMap(({ stream }) => stream.stalls.filter(({ why }) => why === 'retransmission'))
  const isMuch = again >= RETRANSMISSIONS && again / Math.max(1, packets) >= RETRANSMITTED
  if (!isMuch && stalled.length === 0) return undefined
  const share = ((100 * again) / Math.max(1, packets)).toFixed(1)
  const paused =
    stalled.length === 0
      ? ''
      : ` ${counted(stalled.length, 'pause')} of ${spans(stalled.map((one) => one.for))} came of it.`
  return finding('retransmissions', of, {
    severity: 'warning',
    says: `${counted(again, 'segment')} of ${grouped(packets)} packets (${share} %) had to be sent again.${paused}`,
    means:
      'Packets are lost: look at the nodes and the network between them, or at a limit on CPU that lets a side answer late.',
  })
}

function notTaken(all: readonly Understood[]): CaptureFinding | undefined {
  const of = all.filter(({ stream }) => stream.stalls.some(({ why }) => why === 'zero-window'))
  const [first] = of
  const stall = first?.stream.stalls.find(({ why }) => why === 'zero-window')
  if (first === undefined || stall === undefined) return undefined
  const reader = stall.by === first.parties.clientSide ? first.parties.server.name : first.parties.client.name
  return finding('zero-window', of, {
    severity: 'warning',
    says: `${reader} took no more for ${span(stall.for)} (zero window), in ${counted(of.length, 'stream')}.`,
    means: `${possessive(reader)} process reads too slowly: its CPU, or what it waits for itself.`,
  })
}
