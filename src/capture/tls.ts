import { latin1 } from './http1-head.ts'

/** What the records of TLS say without being decrypted. */
export interface TlsFacts {
  /** The name that the client asks for. */
  sni?: string
  /** Protocols that the client offers. */
  alpn?: string[]
  /** As the server chose it: `1.2`, `1.3`. */
  version?: string
  /** Alerts that were sent in the clear. At most 8. */
  alerts: TlsAlert[]
}

export interface TlsAlert {
  by: 0 | 1
  at: number
  level: 'warning' | 'fatal'
  /** As IANA names it. */
  name: string
}

/** https://www.iana.org/assignments/tls-parameters (TLS Alerts). */
const ALERTS: Readonly<Record<number, string>> = {
  0: 'close_notify',
  10: 'unexpected_message',
  20: 'bad_record_mac',
  22: 'record_overflow',
  40: 'handshake_failure',
  42: 'bad_certificate',
  43: 'unsupported_certificate',
  44: 'certificate_revoked',
  45: 'certificate_expired',
  46: 'certificate_unknown',
  47: 'illegal_parameter',
  48: 'unknown_ca',
  49: 'access_denied',
  50: 'decode_error',
  51: 'decrypt_error',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  86: 'inappropriate_fallback',
  90: 'user_canceled',
  109: 'missing_extension',
  110: 'unsupported_extension',
  112: 'unrecognized_name',
  113: 'bad_certificate_status_response',
  115: 'unknown_psk_identity',
  116: 'certificate_required',
  120: 'no_application_protocol',
}

const CHANGE_CIPHER = 20
const ALERT = 21
const HANDSHAKE = 22
const APPLICATION = 23
/** The longest record, with what encryption may add. */
const LONGEST_RECORD = (1 << 14) + 2048
/** Bytes of a record that are looked at: a ClientHello is shorter, mostly. */
const MOST_KEPT = 4096
/** An alert of TLS 1.3 looks like application data: two bytes, the true type and the seal. */
const SEALED_ALERT = 19

/** True when the bytes are the beginning of a record. */
export const startsRecord = (bytes: Uint8Array, from: number, to: number): boolean =>
  to - from >= 5 &&
  (bytes[from] ?? 0) >= CHANGE_CIPHER &&
  (bytes[from] ?? 0) <= APPLICATION &&
  bytes[from + 1] === 3 &&
  (bytes[from + 2] ?? 9) <= 4 &&
  (((bytes[from + 3] ?? 0) << 8) | (bytes[from + 4] ?? 0)) <= LONGEST_RECORD

/** Which side sends the first handshake message that begins here; undefined when none does. */
export function hello(bytes: Uint8Array, from: number, to: number): 'client' | 'server' | undefined {
  if (!startsRecord(bytes, from, to) || bytes[from] !== HANDSHAKE || to - from < 6) return undefined
  return bytes[from + 5] === 1 ? 'client' : bytes[from + 5] === 2 ? 'server' : undefined
}

/** Who hears that the cipher changes, and of the bytes that are sealed with it: how many, and when. */
export type HearsSealed = (what: 'cipher' | 'data', length: number, at: number) => void

/** The records of TLS that one side sends (RFC 8446). Reads hellos and alerts; nothing is decrypted. */
export class TlsRecords {
  readonly #by: 0 | 1
  readonly #facts: TlsFacts
  readonly #hears: HearsSealed
  #head: number[] = []
  #kept: number[] = []
  #type = 0
  #length = 0
  #left = 0
  #isLost = false
  /** Since ChangeCipherSpec or the first application data, alerts are encrypted. */
  #isSealed = false

  constructor(by: 0 | 1, facts: TlsFacts, hears: HearsSealed) {
    this.#by = by
    this.#facts = facts
    this.#hears = hears
  }

  data(bytes: Uint8Array, from: number, to: number, missing: number, at: number): void {
    if (this.#isLost && startsRecord(bytes, from, to)) this.#isLost = false
    let next = from
    while (next < to && !this.#isLost) next = this.#step(bytes, next, to, at)
    if (this.#isLost) this.#hears('data', to - next, at)
    if (missing > 0) this.gap(missing, at)
  }

  gap(length: number, at: number): void {
    if (this.#isLost || length > this.#left) {
      if (this.#type === APPLICATION || this.#isLost) this.#hears('data', length, at)
      if (this.#left > 0) this.#finish(at)
      this.#isLost = true
      this.#head = []
      this.#left = 0
      return
    }
    if (this.#type === APPLICATION && this.#length !== SEALED_ALERT) this.#hears('data', length, at)
    this.#left -= length
    if (this.#left === 0) this.#finish(at)
  }

  #step(bytes: Uint8Array, from: number, to: number, at: number): number {
    if (this.#left === 0) {
      this.#head.push(bytes[from] ?? 0)
      if (this.#head.length === 5) this.#begin(at)
      return from + 1
    }
    const length = Math.min(this.#left, to - from)
    if (this.#type === APPLICATION) {
      if (this.#length !== SEALED_ALERT) this.#hears('data', length, at)
    } else
      for (let index = from; index < from + length && this.#kept.length < MOST_KEPT; index += 1)
        this.#kept.push(bytes[index] ?? 0)
    this.#left -= length
    if (this.#left === 0) this.#finish(at)
    return from + length
  }

  #begin(at: number): void {
    const head = Uint8Array.from(this.#head)
    this.#head = []
    if (!startsRecord(head, 0, 5)) {
      this.#isLost = true
      this.#hears('data', 5, at)
      return
    }
    this.#type = head[0] ?? 0
    this.#length = ((head[3] ?? 0) << 8) | (head[4] ?? 0)
    this.#left = this.#length
    this.#kept = []
    if (this.#type === CHANGE_CIPHER || this.#type === APPLICATION) this.#isSealed = true
    if (this.#type === CHANGE_CIPHER) this.#hears('cipher', 0, at)
  }

  #finish(at: number): void {
    const record = Uint8Array.from(this.#kept)
    this.#kept = []
    if (this.#type === ALERT && this.#length === 2 && record.length === 2 && this.#facts.alerts.length < 8) {
      const [level, code = 0] = record
      this.#facts.alerts.push({
        by: this.#by,
        at,
        level: level === 2 ? 'fatal' : 'warning',
        name: ALERTS[code] ?? `alert ${code}`,
      })
    } else if (this.#type === HANDSHAKE && !this.#isSealed) readHello(record, this.#facts)
  }
}

/** What a ClientHello or ServerHello says, as far as it is there. */
function readHello(record: Uint8Array, facts: TlsFacts): void {
  const word = (at: number): number => ((record[at] ?? 0) << 8) | (record[at + 1] ?? 0)
  const isClient = record[0] === 1
  if (!isClient && record[0] !== 2) return
  // Type, length, version, random; then the session's id.
  let at = 38
  const legacy = word(4)
  at += 1 + (record[at] ?? 0)
  if (isClient) {
    at += 2 + word(at)
    at += 1 + (record[at] ?? 0)
  } else at += 3
  if (!isClient && record.length >= 6) facts.version = versionOf(legacy)
  at += 2
  while (at + 4 <= record.length) {
    const [type, length] = [word(at), word(at + 2)]
    const from = at + 4
    const to = Math.min(from + length, record.length)
    if (type === 0 && isClient && to - from > 5)
      // A name has no other characters: what is none is not shown as it is.
      facts.sni ??= latin1(record, from + 5, Math.min(to, from + 5 + word(from + 3))).replace(/[^\w.:|~*-]/g, '?')
    else if (type === 16 && isClient) facts.alpn ??= names(record, from + 2, to)
    else if (type === 43 && !isClient) facts.version = versionOf(word(from))
    at = from + length
  }
}

const versionOf = (number: number): string =>
  number >= 0x0301 && number <= 0x0304 ? `1.${(number & 0xff) - 1}` : `0x${number.toString(16)}`

/** Names that each have their length before them. */
function names(bytes: Uint8Array, from: number, to: number): string[] {
  const found: string[] = []
  for (let at = from; at < to && found.length < 16;) {
    const length = bytes[at] ?? 0
    found.push(latin1(bytes, at + 1, Math.min(to, at + 1 + length)))
    at += 1 + length
  }
  return found
}
