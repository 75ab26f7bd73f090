import type { Packet } from './packet.ts'
import type { Segment, Words } from './segment.ts'

/** What a packet is, when it is not a TCP segment that was filled in. */
export type Decoded = 'tcp' | 'udp' | 'icmp' | 'arp' | 'fragment' | 'other' | 'cut' | 'unknown-link'

/** Link layers that can be read, by number: https://www.tcpdump.org/linktypes.html. */
export const LINKS: Readonly<Record<number, string>> = {
  0: 'loopback (BSD)',
  1: 'Ethernet',
  12: 'raw IP',
  14: 'raw IP',
  101: 'raw IP',
  108: 'loopback (OpenBSD)',
  113: 'Linux cooked',
  228: 'raw IPv4',
  229: 'raw IPv6',
  276: 'Linux cooked v2',
}

const IPV4 = 0x0800
const IPV6 = 0x86dd
const ARP = 0x0806
/** 802.1Q, 802.1ad, and the older mark of the latter. */
const VLANS = [0x8100, 0x88a8, 0x9100]
/** Headers of IPv6 that may stand before TCP's and say their length: hop-by-hop, routing, destination options, mobility. */
const EXTENSIONS = [0, 43, 60, 135]

const word16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
const word32 = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0

/** Fills a segment with what a packet holds, and says what the packet is. Never reads beyond what was captured. */
export function decode(packet: Packet, segment: Segment): Decoded {
  const { bytes, captured, from } = packet
  const end = from + captured
  let at = from
  let type: number
  switch (packet.link) {
    case 1:
      if (captured < 14) return 'cut'
      type = word16(bytes, from + 12)
      at += 14
      break
    case 113:
      if (captured < 16) return 'cut'
      type = word16(bytes, from + 14)
      at += 16
      break
    case 276:
      if (captured < 20) return 'cut'
      type = word16(bytes, from)
      at += 20
      break
    case 0:
    case 108: {
      if (captured < 4) return 'cut'
      // The address family, as the writer's machine has it (0) or as the network does (108); IPv6 has another number in each system.
      const family = Math.max(bytes[from] ?? 0, bytes[from + 3] ?? 0)
      type = family === 2 ? IPV4 : [10, 24, 28, 30].includes(family) ? IPV6 : 0
      at += 4
      break
    }
    case 12:
    case 14:
    case 101:
    case 228:
    case 229:
      if (captured < 1) return 'cut'
      type = (bytes[from] ?? 0) >> 4 === 6 ? IPV6 : IPV4
      break
    default:
      return 'unknown-link'
  }
  while (VLANS.includes(type)) {
    if (end - at < 4) return 'cut'
    type = word16(bytes, at + 2)
    at += 4
  }
  segment.at = packet.at
  segment.bytes = bytes
  const wire = packet.length - (at - from)
  if (type === IPV4) return ipv4(bytes, at, end, wire, segment)
  if (type === IPV6) return ipv6(bytes, at, end, wire, segment)
  return type === ARP ? 'arp' : 'other'
}

function ipv4(bytes: Uint8Array, at: number, end: number, wire: number, segment: Segment): Decoded {
  if (end - at < 20) return 'cut'
  const first = bytes[at] ?? 0
  const header = (first & 0x0f) * 4
  if (first >> 4 !== 4 || header < 20) return 'other'
  // 0 where the network card cuts what it is given into packets later.
  const said = word16(bytes, at + 2)
  const total = said === 0 ? wire : Math.min(said, wire)
  const fragment = word16(bytes, at + 6)
  if ((fragment & 0x1fff) !== 0) return 'fragment'
  segment.isV6 = false
  segment.ipId = word16(bytes, at + 4)
  only(segment.source, word32(bytes, at + 12))
  only(segment.target, word32(bytes, at + 16))
  return transport(bytes[at + 9] ?? 0, bytes, at + header, end, total - header, segment)
}

function ipv6(bytes: Uint8Array, at: number, end: number, wire: number, segment: Segment): Decoded {
  if (end - at < 40) return 'cut'
  if ((bytes[at] ?? 0) >> 4 !== 6) return 'other'
  const said = word16(bytes, at + 4)
  let left = said === 0 ? wire - 40 : Math.min(said, wire - 40)
  segment.isV6 = true
  segment.ipId = 0
  for (let word = 0; word < 4; word += 1) {
    segment.source[word] = word32(bytes, at + 8 + word * 4)
    segment.target[word] = word32(bytes, at + 24 + word * 4)
  }
  let protocol = bytes[at + 6] ?? 0
  let next = at + 40
  for (;;) {
    if (EXTENSIONS.includes(protocol) || protocol === 44) {
      if (end - next < 8) return 'cut'
      if (protocol === 44 && (word16(bytes, next + 2) & 0xfff8) !== 0) return 'fragment'
      const length = protocol === 44 ? 8 : ((bytes[next + 1] ?? 0) + 1) * 8
      protocol = bytes[next] ?? 0
      next += length
      left -= length
    } else return transport(protocol, bytes, next, end, left, segment)
  }
}

function only(words: Words, first: number): void {
  words[0] = first
  words[1] = words[2] = words[3] = 0
}

function transport(
  protocol: number,
  bytes: Uint8Array,
  at: number,
  end: number,
  length: number,
  segment: Segment,
): Decoded {
  if (protocol !== 6) return protocol === 17 ? 'udp' : protocol === 1 || protocol === 58 ? 'icmp' : 'other'
  if (end - at < 20) return 'cut'
  const header = ((bytes[at + 12] ?? 0) >> 4) * 4
  if (header < 20) return 'other'
  segment.sourcePort = word16(bytes, at)
  segment.targetPort = word16(bytes, at + 2)
  segment.sequence = word32(bytes, at + 4)
  segment.acknowledged = word32(bytes, at + 8)
  segment.flags = bytes[at + 13] ?? 0
  segment.window = word16(bytes, at + 14)
  segment.windowScale = segment.flags & 0x02 ? windowScale(bytes, at + 20, Math.min(at + header, end)) : undefined
  segment.from = Math.min(at + header, end)
  segment.length = Math.max(0, length - header)
  segment.captured = Math.min(segment.length, end - segment.from)
  return 'tcp'
}

/** The option of that name among those of a SYN. */
function windowScale(bytes: Uint8Array, from: number, to: number): number | undefined {
  for (let at = from; at < to;) {
    const kind = bytes[at] ?? 0
    if (kind === 0) return undefined
    if (kind === 1) {
      at += 1
      continue
    }
    if (kind === 3 && to - at >= 3) return Math.min(14, bytes[at + 2] ?? 0)
    const length = bytes[at + 1] ?? 0
    if (length < 2) return undefined
    at += length
  }
  return undefined
}
