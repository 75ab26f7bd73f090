import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

import { WebSocketServer, type WebSocket } from 'ws'

import type { AttemptResult, Payload, Transport } from './delivery.ts'
import type { Fields } from './records.ts'
import { isFields } from '../../mesh/fields.ts'

/** "If you don't acknowledge within 3 seconds": the limit is the delivery's; here envelopes only wait to be acknowledged. */
interface Waiting {
  readonly sentAt: number
  readonly acceptsResponse: boolean
  readonly settle: (result: AttemptResult) => void
}

/** How long a client may take to answer a close frame. */
const GOODBYE_MILLISECONDS = 250

/** Slack's side of Socket Mode. Envelopes go to the open connections in turn, each to one. */
export class SocketMode implements Transport {
  readonly #server = new WebSocketServer({ noServer: true })
  readonly #tickets = new Set<string>()
  readonly #sockets: WebSocket[] = []
  /** Connections that were asked to end: nothing new goes to them while there is another one. */
  readonly #ending = new WeakSet<WebSocket>()
  readonly #waiting = new Map<string, Waiting>()
  readonly #appId: string
  readonly #pinging: NodeJS.Timeout
  #turn = 0

  /** @param pingEvery milliseconds between two pings of a connection; Slack's library gives a connection up after 30 s without one */
  constructor(appId: string, pingEvery: number) {
    this.#appId = appId
    this.#pinging = setInterval(() => {
      for (const socket of this.#sockets) if (socket.readyState === socket.OPEN) socket.ping()
    }, pingEvery)
    this.#pinging.unref()
  }

  /** A ticket for one connection (apps.connections.open). */
  ticket(): string {
    const ticket = randomBytes(12).toString('hex')
    this.#tickets.add(ticket)
    return ticket
  }

  /** Connections that were not asked to end. */
  get connections(): number {
    return this.#sockets.filter((socket) => !this.#ending.has(socket)).length
  }

  /** Handles an HTTP upgrade of `/link/?ticket=…`; a ticket that is unknown or used gets 401. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const ticket = new URL(request.url ?? '/', 'http://localhost').searchParams.get('ticket') ?? ''
    if (!this.#tickets.delete(ticket)) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    this.#server.handleUpgrade(request, socket, head, (connection) => this.#welcome(connection))
  }

  #welcome(connection: WebSocket): void {
    this.#sockets.push(connection)
    connection.on('message', (data) => this.#acknowledge(data instanceof Buffer ? data.toString('utf8') : ''))
    connection.on('close', () => {
      const index = this.#sockets.indexOf(connection)
      if (index >= 0) this.#sockets.splice(index, 1)
    })
    connection.on('error', () => connection.terminate())
    connection.send(
      JSON.stringify({
        type: 'hello',
        num_connections: this.#sockets.length,
        debug_info: { host: 'stand-in', approximate_connection_time: 3600 },
        connection_info: { app_id: this.#appId },
      }),
    )
    connection.ping()
  }

  #acknowledge(text: string): void {
    let envelope: unknown
    try {
      envelope = JSON.parse(text)
    } catch {
      return
    }
    if (!isFields(envelope) || typeof envelope.envelope_id !== 'string') return
    const waiting = this.#waiting.get(envelope.envelope_id)
    if (waiting === undefined) return
    this.#waiting.delete(envelope.envelope_id)
    const response = waiting.acceptsResponse && isFields(envelope.payload) ? envelope.payload : {}
    waiting.settle({ ok: true, milliseconds: Date.now() - waiting.sentAt, response })
  }

  /** Sends one envelope; without a connection it fails at once. An acknowledgement after `signal` is ignored. */
  attempt(
    payload: Payload,
    retry: { readonly number: number; readonly reason: string } | undefined,
    signal: AbortSignal,
  ): Promise<AttemptResult> {
    const connection = this.#nextConnection()
    if (connection === undefined) return Promise.resolve({ ok: false, error: 'dispatch_failed' })
    const envelopeId = `${randomBytes(4).toString('hex')}-${randomBytes(6).toString('hex')}`
    const acceptsResponse = payload.kind !== 'events_api'
    const envelope: Fields = {
      envelope_id: envelopeId,
      type: payload.kind,
      accepts_response_payload: acceptsResponse,
      payload: payload.body,
      ...(payload.kind === 'events_api'
        ? { retry_attempt: retry?.number ?? 0, retry_reason: retry?.reason ?? '' }
        : {}),
    }
    return new Promise((resolve) => {
      this.#waiting.set(envelopeId, { sentAt: Date.now(), acceptsResponse, settle: resolve })
      signal.addEventListener('abort', () => this.#waiting.delete(envelopeId), { once: true })
      connection.send(JSON.stringify(envelope))
    })
  }

  #nextConnection(): WebSocket | undefined {
    const open = this.#sockets.filter((socket) => socket.readyState === socket.OPEN)
    const staying = open.filter((socket) => !this.#ending.has(socket))
    const usable = staying.length > 0 ? staying : open
    this.#turn += 1
    return usable[this.#turn % Math.max(1, usable.length)]
  }

  /** Tells every client to connect anew, as Slack does when it refreshes a connection. */
  askToReconnect(reason: 'warning' | 'refresh_requested' | 'link_disabled' = 'refresh_requested'): void {
    for (const socket of this.#sockets) {
      this.#ending.add(socket)
      socket.send(JSON.stringify({ type: 'disconnect', reason, debug_info: { host: 'stand-in' } }))
    }
  }

  /** Cuts every connection without a goodbye. */
  cut(): void {
    for (const socket of [...this.#sockets]) socket.terminate()
  }

  /** Says goodbye to every connection, and cuts those that don't answer soon. */
  async close(): Promise<void> {
    clearInterval(this.#pinging)
    const closed = this.#sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    for (const socket of this.#sockets) socket.close(1001)
    const limit = setTimeout(() => this.cut(), GOODBYE_MILLISECONDS)
    await Promise.all(closed)
    clearTimeout(limit)
    this.#server.close()
  }
}
