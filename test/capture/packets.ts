/** Builds captures out of nothing, so that each test says what was on the wire. */

export const FIN = 0x01
export const SYN = 0x02
export const RST = 0x04
export const PSH = 0x08
export const ACK = 0x10

/** One TCP segment. Addresses are IPv4, or IPv6 written in full. */
export interface Sent {
  /** Milliseconds since the capture's beginning. */
  at: number
  from: string
  to: string
  seq: number
  ack?: number
  flags: number
  data?: string | Uint8Array
  window?: number
  /** Of a SYN. */
  scale?: number
  ipId?: number
  vlan?: number
}

export const BEGIN = Date.UTC(2026, 10, 30, 12)

const bytesOf = (data: string | Uint8Array): Uint8Array =>
  typeof data === 'string' ? Uint8Array.from(data, (char) => char.charCodeAt(0)) : data

/** `10.0.0.1:80`, `[2001:db8:0:0:0:0:0:1]:80`. */
function endpoint(text: string): { words: number[]; port: number } {
  const [, v6, v4, port] = /^(?:\[(.*)\]|(.*)):(\d+)$/.exec(text) ?? []
  return {
    words:
      v6 === undefined ? (v4 ?? '').split('.').map(Number) : v6.split(':').map((part) => Number.parseInt(part, 16)),
    port: Number(port),
  }
}

function tcp({ from, to, seq, ack = 0, flags, data = '', window = 500, scale }: Sent): Uint8Array {
  const payload = bytesOf(data)
  const options = scale === undefined ? [] : [3, 3, scale, 0]
  const bytes = new Uint8Array(20 + options.length + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, endpoint(from).port)
  view.setUint16(2, endpoint(to).port)
  view.setUint32(4, seq)
  view.setUint32(8, ack)
  bytes[12] = ((20 + options.length) / 4) << 4
  bytes[13] = flags
  view.setUint16(14, window)
  bytes.set(options, 20)
  bytes.set(payload, 20 + options.length)
  return bytes
}

/** The IP packet of a segment. */
export function ip(sent: Sent): Uint8Array {
  const segment = tcp(sent)
  const [source, target] = [endpoint(sent.from).words, endpoint(sent.to).words]
  const isV6 = source.length === 8
  const header = new Uint8Array(isV6 ? 40 : 20)
  const view = new DataView(header.buffer)
  if (isV6) {
    header[0] = 0x60
    view.setUint16(4, segment.length)
    header[6] = 6
    header[7] = 64
    source.forEach((word, index) => view.setUint16(8 + index * 2, word))
    target.forEach((word, index) => view.setUint16(24 + index * 2, word))
  } else {
    header[0] = 0x45
    view.setUint16(2, 20 + segment.length)
    view.setUint16(4, sent.ipId ?? 0)
    header[8] = 64
    header[9] = 6
    header.set(source, 12)
    header.set(target, 16)
  }
  return joined([header, segment])
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Link layers by the names this file gives them. */
export const LINK = { null: 0, ethernet: 1, raw: 101, loop: 108, cooked: 113, cooked2: 276 } as const
export type Link = keyof typeof LINK

/** The frame of a segment on a link. */
export function frame(sent: Sent, link: Link = 'ethernet', isLittle = true): Uint8Array {
  const packet = ip(sent)
  const isV6 = (packet[0] ?? 0) >> 4 === 6
  const type = isV6 ? [0x86, 0xdd] : [0x08, 0x00]
  const tagged = sent.vlan === undefined ? type : [0x81, 0x00, sent.vlan >> 8, sent.vlan & 0xff, ...type]
  const family = isV6 ? 10 : 2
  const headers: Record<Link, number[]> = {
    ethernet: [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ...tagged],
    null: isLittle ? [family, 0, 0, 0] : [0, 0, 0, family],
    loop: [0, 0, 0, family],
    raw: [],
    cooked: [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, ...tagged],
    cooked2: [...type, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0],
  }
  return joined([Uint8Array.from(headers[link]), packet])
}

export interface FileOptions {
  link?: Link
  /** False: big-endian. */
  isLittle?: boolean
  isNano?: boolean
  snap?: number
}

/** A frame with its time, in milliseconds since the beginning. */
export interface Frame {
  at: number
  bytes: Uint8Array
}

export const frames = (sent: readonly Sent[], { link, isLittle }: FileOptions = {}): Frame[] =>
  sent.map((one) => ({ at: one.at, bytes: frame(one, link, isLittle) }))

export function pcapOf(all: readonly Frame[], options: FileOptions = {}): Uint8Array {
  const { link = 'ethernet', isLittle = true, isNano = false, snap = 262144 } = options
  const parts = all.map(({ at, bytes }) => {
    const kept = bytes.subarray(0, snap)
    const header = new DataView(new ArrayBuffer(16))
    const time = BEGIN + at
    header.setUint32(0, Math.floor(time / 1000), isLittle)
    header.setUint32(4, Math.round((time % 1000) * (isNano ? 1e6 : 1e3)), isLittle)
    header.setUint32(8, kept.length, isLittle)
    header.setUint32(12, bytes.length, isLittle)
    return joined([new Uint8Array(header.buffer), kept])
  })
  const header = new DataView(new ArrayBuffer(24))
  header.setUint32(0, isNano ? 0xa1b23c4d : 0xa1b2c3d4, isLittle)
  header.setUint16(4, 2, isLittle)
  header.setUint16(6, 4, isLittle)
  header.setUint32(16, snap, isLittle)
  header.setUint32(20, LINK[link], isLittle)
  return joined([new Uint8Array(header.buffer), ...parts])
}

/** A capture of some segments, as pcap. */
export const pcap = (sent: readonly Sent[], options: FileOptions = {}): Uint8Array =>
  pcapOf(frames(sent, options), options)

function block(type: number, body: Uint8Array, isLittle: boolean): Uint8Array {
  const padded = (body.length + 3) & ~3
  const bytes = new Uint8Array(12 + padded)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, type, isLittle)
  view.setUint32(4, bytes.length, isLittle)
  bytes.set(body, 8)
  view.setUint32(8 + padded, bytes.length, isLittle)
  return bytes
}

/** The same as pcapng: one section, one interface; its statistics say how many packets were dropped. */
export function pcapng(
  sent: readonly Sent[],
  { dropped, ...options }: FileOptions & { dropped?: number } = {},
): Uint8Array {
  const { link = 'ethernet', isLittle = true, isNano = false, snap = 262144 } = options
  const section = new DataView(new ArrayBuffer(16))
  section.setUint32(0, 0x1a2b3c4d, isLittle)
  section.setUint16(4, 1, isLittle)
  section.setBigInt64(8, -1n, isLittle)
  const declared = new DataView(new ArrayBuffer(isNano ? 20 : 8))
  declared.setUint16(0, LINK[link], isLittle)
  declared.setUint32(4, snap, isLittle)
  if (isNano) {
    declared.setUint16(8, 9, isLittle)
    declared.setUint16(10, 1, isLittle)
    declared.setUint8(12, 9)
  }
  const packets = frames(sent, options).map(({ at, bytes }) => {
    const kept = bytes.subarray(0, snap)
    const header = new DataView(new ArrayBuffer(20))
    const ticks = BigInt(Math.round((BEGIN + at) * 1000)) * (isNano ? 1000n : 1n)
    header.setUint32(4, Number(ticks >> 32n), isLittle)
    header.setUint32(8, Number(ticks & 0xffffffffn), isLittle)
    header.setUint32(12, kept.length, isLittle)
    header.setUint32(16, bytes.length, isLittle)
    return block(6, joined([new Uint8Array(header.buffer), kept]), isLittle)
  })
  const statistics = new DataView(new ArrayBuffer(24))
  statistics.setUint16(12, 5, isLittle)
  statistics.setUint16(14, 8, isLittle)
  statistics.setBigUint64(16, BigInt(dropped ?? 0), isLittle)
  return joined([
    block(0x0a0d0d0a, new Uint8Array(section.buffer), isLittle),
    block(1, new Uint8Array(declared.buffer), isLittle),
    ...packets,
    ...(dropped === undefined ? [] : [block(5, new Uint8Array(statistics.buffer), isLittle)]),
  ])
}
