import type { Address } from './address.ts'
import type { Side } from './side.ts'
import { INBOUND, likelyClient, OUTBOUND, OWN } from './ports.ts'
import type { Stream } from './stream.ts'

/**
 * What a stream is part of. `application`: a proxy asks its own application, in the clear. `outbound`: an application's request on its way into its own
 * proxy. `mesh`: between proxies, mutual TLS. `proxy`: the proxy's own ports (health, metrics, administration).
 */
export type Leg = 'application' | 'outbound' | 'mesh' | 'proxy' | 'tls' | 'clear' | 'unknown'

/** Where sidecars ask their own application from: https://istio.io/latest/docs/ops/deployment/application-requirements. */
const SIDECAR = '127.0.0.6'
const SIDECAR_V6 = '::6'
export interface Party {
  address: string
  port: number
  /** Who that is, in a sentence: `the proxy`, `the application`, `10.0.0.1`. */
  name: string
}

/** Who talks to whom in a stream. */
export interface Parties {
  leg: Leg
  client: Party
  server: Party
  /** The side of the stream that is the client. */
  clientSide: Side
  /** What says which side is the client: nothing but the ports' numbers, when `ports`. */
  clientBy: 'handshake' | 'words' | 'ports'
}

const isMesh = (stream: Stream): boolean =>
  stream.conversation.tls?.alpn?.some((name) => name.startsWith('istio')) === true ||
  /^outbound_?[.|]/.test(stream.conversation.tls?.sni ?? '')

/** Says who the two sides of a stream are. */
export function partiesOf(stream: Stream): Parties {
  const { conversation, addresses, ports, syn, synAckAt } = stream
  const clientSide = conversation.client ?? likelyClient(...ports)
  const client = partyOf(addresses[clientSide], ports[clientSide])
  const serverSide = clientSide === 0 ? 1 : 0
  const server = partyOf(addresses[serverSide], ports[serverSide])
  const leg = legOf(stream, client, server)
  nameParties(leg, client, server)
  return {
    leg,
    client,
    server,
    clientSide,
    clientBy:
      syn !== undefined || synAckAt !== undefined ? 'handshake' : conversation.client === undefined ? 'ports' : 'words',
  }
}

const partyOf = ({ text, isV6 }: Address, port: number): Party => ({
  address: text,
  port,
  name: isV6 ? `[${text}]` : text,
})

function nameParties(leg: Leg, client: Party, server: Party): void {
  if (leg === 'application') {
    client.name = 'the proxy'
    server.name = 'the application'
  } else if (leg === 'outbound') {
    client.name = 'the application'
    server.name = 'its proxy'
  } else if (leg === 'mesh') {
    client.name = `the caller ${client.name}`
    server.name = `${server.name}'s proxy`
  } else if (leg === 'proxy') server.name = `the proxy's port ${server.port} (${OWN[server.port] ?? 'inbound'})`
  else server.name = `${server.name}:${server.port}`
}

function legOf(stream: Stream, client: Party, server: Party): Leg {
  const { protocol } = stream.conversation
  if ([SIDECAR, SIDECAR_V6].includes(client.address)) return 'application'
  if (server.port === OUTBOUND) return 'outbound'
  if (OWN[server.port] !== undefined) return 'proxy'
  if (isMesh(stream) || INBOUND.includes(server.port)) return 'mesh'
  if (protocol === 'tls') return 'tls'
  return protocol === 'http/1' || protocol === 'http/2' || protocol === 'unknown' ? 'clear' : 'unknown'
}
