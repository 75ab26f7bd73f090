import { ACK, FIN, PSH, RST, SYN, type Sent } from './packets.ts'

type Who = 'client' | 'server'

/** Two sides of one TCP stream, written down as what each does and when; numbers and acknowledgements follow. */
export class Talk {
  readonly sent: Sent[] = []
  readonly #ends: Record<Who, string>
  readonly #next: Record<Who, number>
  #id = 1

  constructor(client = '127.0.0.6:40001', server = '10.244.0.9:3000', isns: readonly [number, number] = [1000, 90000]) {
    this.#ends = { client, server }
    this.#next = { client: isns[0], server: isns[1] }
  }

  /** The handshake, a millisecond between its packets. */
  open(at: number): this {
    this.#send('client', at, SYN, '', { scale: 7 })
    this.#next.client += 1
    this.#send('server', at + 1, SYN | ACK, '', { scale: 7 })
    this.#next.server += 1
    return this.#send('client', at + 2, ACK)
  }

  syn(at: number): this {
    return this.#send('client', at, SYN, '', { scale: 7 })
  }

  say(who: Who, at: number, data: string | Uint8Array, more: Partial<Sent> = {}): this {
    this.#send(who, at, PSH | ACK, data, more)
    this.#next[who] = (this.#next[who] + data.length) >>> 0
    return this
  }

  /** The last segment of a side again, as a retransmission. */
  again(who: Who, at: number): this {
    const last = this.sent.findLast((one) => one.from === this.#ends[who] && (one.data?.length ?? 0) > 0)
    if (last === undefined) throw new Error('nothing was said')
    this.sent.push({ ...last, at, ipId: this.#id++ })
    return this
  }

  ack(who: Who, at: number, more: Partial<Sent> = {}): this {
    return this.#send(who, at, ACK, '', more)
  }

  fin(who: Who, at: number): this {
    this.#send(who, at, FIN | ACK)
    this.#next[who] = (this.#next[who] + 1) >>> 0
    return this
  }

  rst(who: Who, at: number): this {
    return this.#send(who, at, RST | ACK)
  }

  #send(who: Who, at: number, flags: number, data: string | Uint8Array = '', more: Partial<Sent> = {}): this {
    const other = who === 'client' ? 'server' : 'client'
    this.sent.push({
      at,
      from: this.#ends[who],
      to: this.#ends[other],
      seq: this.#next[who],
      ...(flags & ACK && { ack: this.#next[other] }),
      flags,
      data,
      ipId: this.#id++,
      ...more,
    })
    return this
  }
}
