import type { Listener, SocketAddress } from '../envoy.ts'
import type { Connection } from './request.ts'

const isAny = (address: string | undefined): boolean => address === '0.0.0.0' || address === '::'
const socketsOf = ({ address, additionalAddresses = [] }: Listener): NonNullable<SocketAddress['socketAddress']>[] =>
  [address, ...additionalAddresses.map((one) => one.address)].flatMap((one) => one?.socketAddress ?? [])
const listensOn = (listener: Listener, port: number, accepts: (address: string | undefined) => boolean): boolean =>
  socketsOf(listener).some(({ address, portValue }) => portValue === port && accepts(address))

/** The listener that takes a connection, by address and port before any address and that port. */
function byAddress(listeners: readonly Listener[], { address, port }: Connection): Listener | undefined {
  return (
    listeners.find((one) => address !== undefined && listensOn(one, port, (own) => own === address)) ??
    listeners.find((one) => listensOn(one, port, isAny))
  )
}

export interface ListenerTaken {
  /** The listener whose filter chains decide. */
  listener: Listener
  /** The one iptables sends the pod's outgoing connections to, when it is another. */
  captured?: Listener
}

/** True for the listener every outgoing connection of a pod is redirected to (15001). */
const isVirtualOutbound = ({ useOriginalDst, trafficDirection }: Listener): boolean =>
  useOriginalDst === true && trafficDirection !== 'INBOUND'

/**
 * Where a connection that leaves a sidecar's pod, or that arrives at a gateway, is taken. A sidecar's virtual outbound listener hands it to the
 * listener of its original destination, or keeps it when there is none.
 */
export function outboundListener(listeners: readonly Listener[], connection: Connection): ListenerTaken | undefined {
  const virtual = listeners.find(isVirtualOutbound)
  const found = byAddress(listeners, connection)
  if (virtual === undefined) return found === undefined ? undefined : { listener: found }
  return found === undefined || found === virtual ? { listener: virtual } : { listener: found, captured: virtual }
}

/** Where a connection to a pod is taken: its virtual inbound listener (15006), or a listener of that very port when nothing is captured. */
export function inboundListener(listeners: readonly Listener[], connection: Connection): Listener | undefined {
  const virtual = listeners.find(
    ({ name, listenerFilters = [], trafficDirection }) =>
      name === 'virtualInbound' ||
      (trafficDirection === 'INBOUND' &&
        listenerFilters.some((filter) => (filter.name ?? '').endsWith('.original_dst'))),
  )
  return virtual ?? byAddress(listeners, connection)
}
