import { linkName, limitsOf } from './limits.ts'
import type { CaptureFinding } from './findings.ts'
import { findingsOf } from './findings.ts'
import { outcomeOf, waited, type OutcomeKind } from './outcome.ts'
import type { Only } from './only.ts'
import { partiesOf, type Leg, type Party } from './parties.ts'
import type { Capture } from './read-capture.ts'
import { likeness, requestName, storyOf, type Understood } from './story.ts'
import type { Stall } from './stream.ts'
import type { TlsFacts } from './tls.ts'
import { extent } from './words.ts'

/** One TCP stream, as people and programs are shown it. Times are milliseconds since the stream's first packet. */
export interface StreamReport {
  /** What Wireshark calls `tcp.stream`. */
  id: number
  leg: Leg
  client: Pick<Party, 'address' | 'port'>
  server: Pick<Party, 'address' | 'port'>
  /** What says which side is the client. */
  clientBy: 'handshake' | 'words' | 'ports'
  /** ISO 8601, UTC. */
  begins: string
  lasts: number
  packets: { client: number; server: number }
  bytes: { client: number; server: number }
  /** How long the server took to answer SYN; undefined where that was not captured. */
  connected?: number
  protocol?: string
  tls?: Omit<TlsFacts, 'alerts'> & { alerts: { by: 'client' | 'server'; level: string; name: string; at: number }[] }
  requests: number
  /** The first ones, and the latest. */
  exchanges: {
    request?: string
    requestId?: string
    host?: string
    at?: number
    status?: number
    firstByteAfter?: number
    isWhole?: boolean
  }[]
  firstClose?: { by: 'client' | 'server'; with: 'FIN' | 'RST'; at: number }
  outcome: OutcomeKind
  retransmissions: { client: number; server: number }
  outOfOrder: { client: number; server: number }
  zeroWindows: { client: number; server: number }
  stalls: (Omit<Stall, 'by'> & { by: 'client' | 'server' })[]
  /** Bytes that were acknowledged and are not in the capture. */
  notCaptured: number
}

/** Streams in which the same happened. */
export interface Story {
  kind: OutcomeKind
  leg: Leg
  /** A sentence without its full stop. */
  says: string
  count: number
  /** At most 20. */
  streams: number[]
}

/** What a capture says. */
export interface CaptureReport {
  format: string
  bytes: number
  packets: number
  /** ISO 8601, UTC. */
  begins?: string
  /** Milliseconds. */
  lasts: number
  links: string[]
  /** Bytes of a packet that were kept at most. */
  snapLength?: number
  kinds: Capture['kinds']
  /** What failed first, then what took longest. */
  stories: Story[]
  findings: CaptureFinding[]
  /** How many TCP streams there are of each leg. */
  legs: Partial<Record<Leg, number>>
  streamCount: number
  /** Absent: all streams are explained. */
  only?: Only
  /** All of them, or those that the findings name and the first others, by number. */
  streams: StreamReport[]
  /** What this capture cannot show. */
  limits: string[]
}

const MOST_NAMED = 20
const ORDER: readonly OutcomeKind[] = [
  'client-closed-first',
  'server-closed-first',
  'refused',
  'unreached',
  'waiting',
  'answered',
  'silent',
]

/**
 * Explains a capture.
 *
 * @param most how many streams are reported one by one
 * @param only which streams these are, when they are not all
 */
export function explain(
  capture: Capture,
  { most = Infinity, only }: { most?: number; only?: Only | undefined } = {},
): CaptureReport {
  const all = capture.streams.map((stream): Understood => {
    const parties = partiesOf(stream)
    return { stream, parties, outcome: outcomeOf(stream, parties) }
  })
  const { file, packets, firstAt, lastAt, kinds, links } = capture
  const findings = findingsOf(all)
  const legs: Partial<Record<Leg, number>> = {}
  for (const { parties } of all) legs[parties.leg] = (legs[parties.leg] ?? 0) + 1
  return {
    format: file.format,
    bytes: file.bytes,
    packets,
    ...(firstAt !== undefined && { begins: new Date(firstAt).toISOString() }),
    lasts: (lastAt ?? 0) - (firstAt ?? 0),
    links: [...links.keys()].map(linkName),
    ...(file.snapLength !== undefined && { snapLength: file.snapLength }),
    kinds,
    stories: storiesOf(all),
    findings,
    legs,
    streamCount: all.length,
    ...(only !== undefined && { only }),
    streams: chosen(all, findings, most).map(reportOf),
    limits: limitsOf(capture),
  }
}

function storiesOf(all: readonly Understood[]): Story[] {
  const alike = new Map<string, [Understood, ...Understood[]]>()
  for (const one of all) {
    const key = likeness(one)
    const group = alike.get(key)
    if (group === undefined) alike.set(key, [one])
    else group.push(one)
  }
  const slowest = (group: readonly Understood[]): number =>
    extent(group.map(({ outcome: { exchange } }) => (exchange === undefined ? 0 : (waited(exchange) ?? 0))))[1]
  return [...alike.values()]
    .map((group) => ({ group, slowest: slowest(group), order: ORDER.indexOf(group[0].outcome.kind) }))
    .toSorted((a, b) => a.order - b.order || b.slowest - a.slowest)
    .map(({ group }) => ({
      kind: group[0].outcome.kind,
      leg: group[0].parties.leg,
      says: storyOf(group),
      count: group.length,
      streams: group.slice(0, MOST_NAMED).map(({ stream }) => stream.id),
    }))
}

/** So many of them: those that the findings name come first. */
function chosen(all: readonly Understood[], findings: readonly CaptureFinding[], most: number): readonly Understood[] {
  if (all.length <= most) return all
  const named = new Set(findings.flatMap(({ streams }) => streams).slice(0, most))
  for (const { stream } of all) {
    if (named.size >= most) break
    named.add(stream.id)
  }
  return all.filter(({ stream }) => named.has(stream.id))
}

function reportOf(one: Understood): StreamReport {
  const { stream, parties, outcome } = one
  const { conversation, firstClose, firstAt, flows, syn, synAckAt, stalls } = stream
  const { clientSide, client, server } = parties
  const serverSide = clientSide === 0 ? 1 : 0
  const role = (side: 0 | 1): 'client' | 'server' => (side === clientSide ? 'client' : 'server')
  const both = (of: (flow: (typeof flows)[0]) => number): { client: number; server: number } => ({
    client: of(flows[clientSide]),
    server: of(flows[serverSide]),
  })
  const { tls } = conversation
  return {
    id: stream.id,
    leg: parties.leg,
    client: { address: client.address, port: client.port },
    server: { address: server.address, port: server.port },
    clientBy: parties.clientBy,
    begins: new Date(firstAt).toISOString(),
    lasts: rounded(stream.lastAt - firstAt),
    packets: both(({ packets }) => packets),
    bytes: both(({ bytes }) => bytes),
    ...(syn !== undefined && synAckAt !== undefined && { connected: rounded(synAckAt - syn.at) }),
    ...(conversation.protocol !== undefined && { protocol: conversation.protocol }),
    ...(tls !== undefined && {
      tls: {
        ...tls,
        alerts: tls.alerts.map(({ by, at, ...rest }) => ({ by: role(by), ...rest, at: rounded(at - firstAt) })),
      },
    }),
    requests: conversation.exchanges.count,
    exchanges: conversation.exchanges.kept.map((exchange) => {
      const { request, response } = exchange
      // What is sealed and comes after the close may be a goodbye.
      const isGoodbye = tls !== undefined && firstClose !== undefined && (response?.at ?? 0) > firstClose.at
      const first = isGoodbye ? undefined : waited(exchange)
      return {
        ...(request !== undefined && { request: requestName(exchange, one), at: rounded(request.at - firstAt) }),
        ...(request?.requestId !== undefined && { requestId: request.requestId }),
        ...(request?.host !== undefined && { host: request.host }),
        ...(response?.status !== undefined && { status: response.status }),
        ...(first !== undefined && { firstByteAfter: rounded(first) }),
        ...(response?.isWhole !== undefined && { isWhole: response.isWhole }),
      }
    }),
    ...(firstClose !== undefined && {
      firstClose: { by: role(firstClose.by), with: firstClose.kind, at: rounded(firstClose.at - firstAt) },
    }),
    outcome: outcome.kind,
    retransmissions: both(({ retransmissions }) => retransmissions),
    outOfOrder: both(({ outOfOrder }) => outOfOrder),
    zeroWindows: both(({ zeroWindows }) => zeroWindows),
    stalls: stalls.map(({ by, at, for: length, why }) => ({
      by: role(by),
      at: rounded(at - firstAt),
      for: rounded(length),
      why,
    })),
    notCaptured: flows[0].notCaptured + flows[1].notCaptured,
  }
}

/** To a microsecond. */
const rounded = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000
