import type { Exchange, Message } from './exchange.ts'
import { waited, type Outcome } from './outcome.ts'
import type { Parties, Party } from './parties.ts'
import type { Stream } from './stream.ts'
import { extent, grouped, spans } from './words.ts'

/** One stream, understood. */
export interface Understood {
  stream: Stream
  parties: Parties
  outcome: Outcome
}

/** A request in a few words: `GET /items`, `a request of 134 bytes (encrypted)`. */
export function requestName({ request }: Exchange, { stream }: Understood): string {
  if (request === undefined) return 'an answer to a request that was not captured'
  const { method, path, isCut } = request
  if (method !== undefined) return `${method} ${path ?? ''}${isCut ? '…' : ''}`
  const { protocol } = stream.conversation
  const how = protocol === 'tls' ? ' (encrypted)' : protocol === 'http/2' ? ' (HTTP/2)' : ''
  return `a request of ${grouped(request.bytes)} bytes${how}`
}

const NO_REQUEST: { method?: string; path?: string } = {}

/** What makes streams alike: they are told in one sentence. Numbers of bytes are not part of it where contents are not seen. */
export function likeness(one: Understood): string {
  const { outcome, parties, stream } = one
  const { kind, exchange, closedWith = '' } = outcome
  const { method = '', path = '' } = exchange?.request ?? NO_REQUEST
  const status = kind === 'answered' ? (exchange?.response?.status ?? '') : ''
  const marks =
    (outcome.isBroken === true ? 1 : 0) +
    (outcome.answeredAfterClose === undefined ? 0 : 2) +
    ((outcome.closedAfter ?? 0) < 0 ? 4 : 0)
  const { client, server, leg } = parties
  // One text made at once: of hundreds of thousands of streams each has one.
  return `${leg}\n${client.name}\n${server.name}\n${kind}${closedWith}\n${method}\n${path}\n${status}\n${marks}${stream.conversation.protocol ?? ''}`
}

const status = (response: Message | undefined): string =>
  response?.status === undefined ? '' : ` (${response.status})`
const times = (all: readonly Understood[], of: (one: Outcome) => number | undefined): string =>
  spans(all.flatMap(({ outcome }) => of(outcome) ?? []))

/** What happened in streams that are alike, in one sentence without its full stop. */
export function storyOf(all: readonly [Understood, ...Understood[]]): string {
  const [first] = all
  const { outcome, parties, stream } = first
  const { exchange } = outcome
  const { client, server } = parties
  const asks = exchange === undefined ? '' : requestName(exchange, first)
  switch (outcome.kind) {
    case 'refused':
      return `${client.name} asked ${placeOf(server)} for a connection; it was refused (RST) after ${times(all, (one) => one.closedAfter)}: nothing listens there`
    case 'unreached': {
      const syns = stream.flows[parties.clientSide].syns
      return `${client.name} asked ${placeOf(server)} for a connection ${syns === 1 ? 'once' : `${syns} times`}; nothing came back`
    }
    case 'client-closed-first':
      return closedByClient(all, asks)
    case 'server-closed-first':
      return closedByServer(all, asks)
    case 'waiting':
      return `${asks}; no answer from ${server.name} when the capture ended, ${times(all, (one) => one.closedAfter)} later`
    case 'answered':
      return exchange?.response === undefined
        ? `${asks} to ${server.name}: its answer was not captured`
        : `${asks}: ${server.name} answered${status(exchange.response)} after ${spans(all.flatMap((one) => (one.outcome.exchange === undefined ? [] : (waited(one.outcome.exchange) ?? []))))}`
    case 'silent':
      return silent(first)
    default:
      return ''
  }
}

function closedByClient(all: readonly [Understood, ...Understood[]], asks: string): string {
  const [{ outcome, parties }] = all
  const { client, server } = parties
  const closed = `${asks}; ${times(all, (one) => one.closedAfter)} later ${sideOf(client)} closed (${outcome.closedWith ?? ''})`
  if (outcome.isBroken)
    return `${closed} in the middle of ${possessive(server.name)} answer${status(outcome.exchange?.response)}`
  if (outcome.answeredAfterClose === undefined) return `${closed}; ${server.name} had not answered by then`
  const came = `${possessive(server.name)} answer${status(outcome.exchange?.response)} came ${times(all, (one) => one.answeredAfterClose)} after that`
  return `${closed}; ${came}${outcome.isRefused ? ', to nobody (RST)' : ''}`
}

function closedByServer(all: readonly [Understood, ...Understood[]], asks: string): string {
  const [{ outcome, parties }] = all
  const { server } = parties
  const how = outcome.closedWith === 'RST' ? 'reset the connection (RST)' : 'closed (FIN)'
  if ((outcome.closedAfter ?? 0) < 0)
    return `${server.name} ${how}; ${times(all, (one) => -(one.closedAfter ?? 0))} later ${asks} was sent on that connection, and got no answer`
  const middle = outcome.isBroken
    ? `in the middle of its answer${status(outcome.exchange?.response)}`
    : 'without an answer'
  const idle = all.flatMap((one) => one.outcome.idleBefore ?? [])
  const before =
    idle.length === all.length && extent(idle)[0] >= 1000
      ? ` on a connection that had been idle for ${spans(idle)}`
      : ''
  return `${asks}${before}; ${times(all, (one) => one.closedAfter)} later ${server.name} ${how} ${middle}`
}

function silent({ stream, parties }: Understood): string {
  const { conversation, firstClose, flows } = stream
  const { client, server } = parties
  const pair = `${client.name} and ${server.name}`
  const alert = conversation.tls?.alerts[0]
  if (alert !== undefined)
    return `${pair} did not get through the TLS handshake: ${alert.by === parties.clientSide ? client.name : server.name} sent the alert ${alert.name}`
  const what = flows[0].bytes + flows[1].bytes === 0 ? 'no data' : 'no request that can be told'
  if (firstClose === undefined) return `${pair}: ${what}`
  return `${pair}: ${what}; ${firstClose.by === parties.clientSide ? client.name : server.name} closed first (${firstClose.kind})`
}

/** A party with its port. */
const placeOf = ({ name, port }: Party): string => (name.endsWith(`:${port}`) ? name : `${name} on port ${port}`)

/** Of a proxy nobody knows whether it closed by itself: its side did. */
const sideOf = ({ name }: Party): string => (name === 'the proxy' ? "the proxy's side" : name)

/** `the proxy's`. */
export const possessive = (name: string): string => `${name}'s`
