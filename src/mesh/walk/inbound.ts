import type { Cluster, Listener } from '../envoy.ts'
import { parseClusterName } from '../envoy.ts'
import type { FilterAnswer } from './filter-answer.ts'
import { inboundListener } from './listener.ts'
import type { ChainWalk } from './chain-walk.ts'
import type { ProxyConfiguration } from './outbound.ts'
import { unreachableFrom, walkChain, walkRoutes } from './outbound.ts'
import type { Connection, Request } from './request.ts'
import { tcpShares } from './route-action.ts'
import type { TlsMismatch } from './tls-mismatch.ts'
import { tlsMismatch } from './tls-mismatch.ts'
import { defined } from '../defined.ts'

/** Why a connection or request ends at the callee's proxy. */
export type InboundEnd =
  /** No filter chain takes it: Envoy closes the connection. */
  | { kind: 'no filter chain' }
  | { kind: TlsMismatch }
  | { kind: 'denied'; answer: FilterAnswer }
  | { kind: 'no route' }
  | { kind: 'black hole' }

/** A request's way through its callee's proxy. */
export interface InboundWalk {
  listener?: Listener
  chain?: ChainWalk
  ends?: InboundEnd
  /** What filters said that does not end it. */
  answers: FilterAnswer[]
  /** `inbound|3000||` */
  clusterName?: string
  cluster?: Cluster
  /** The port of the application it arrives at. */
  port?: number
}

/** The port an inbound cluster sends to: its endpoint's own when it has one (a Sidecar's ingress), else where the connection was going. */
function applicationPort(cluster: Cluster | undefined, name: string, { port }: Connection): number {
  const own = cluster?.loadAssignment?.endpoints?.[0]?.lbEndpoints?.[0]?.endpoint?.address?.socketAddress?.portValue
  return own ?? parseClusterName(name)?.port ?? port
}

/**
 * Follows a request that arrives at a pod through the pod's own proxy to the application.
 *
 * @param connection as the caller's proxy makes it: to the pod's address and port
 */
export function walkInbound(proxy: ProxyConfiguration, connection: Connection, request: Request): InboundWalk {
  const listener = inboundListener(proxy.listeners ?? [], connection)
  if (listener === undefined) return { answers: [] }
  const chain = walkChain(listener, connection)
  const walk = { listener, chain }
  if (chain.chain === undefined) return { ...walk, ends: { kind: 'no filter chain' }, answers: [] }
  const mismatch = tlsMismatch(chain, connection)
  if (mismatch !== undefined) return { ...walk, ends: { kind: mismatch }, answers: [] }
  const route =
    chain.ending?.kind === 'http'
      ? walkRoutes(chain.ending.manager, proxy.routes, connection, request, unreachableFrom(proxy))
      : undefined
  const branch = route?.branches[0]
  const answers = [...chain.answers, ...(branch?.answers ?? [])]
  const stop = answers.find(({ passes }) => passes === 'no')
  if (stop !== undefined)
    return { ...walk, ends: { kind: 'denied', answer: stop }, answers: answers.filter((one) => one !== stop) }
  if (chain.ending?.kind === 'http' && branch === undefined) return { ...walk, ends: { kind: 'no route' }, answers }
  const [share] =
    chain.ending?.kind === 'tcp'
      ? tcpShares(chain.ending.proxy)
      : branch?.outcome.kind === 'clusters'
        ? branch.outcome.clusters
        : []
  if (share === undefined) return { ...walk, answers }
  if (share.name === 'BlackHoleCluster')
    return { ...walk, ends: { kind: 'black hole' }, answers, clusterName: share.name }
  const cluster = proxy.clusters?.find(({ name }) => name === share.name)
  return {
    ...walk,
    answers,
    clusterName: share.name,
    port: applicationPort(cluster, share.name, connection),
    ...defined({ cluster }),
  }
}
