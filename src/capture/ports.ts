import type { Side } from './side.ts'

/** Where a sidecar takes in what its application sends. */
export const OUTBOUND = 15001
/** Where a sidecar takes in what is sent to its application, and HBONE. */
export const INBOUND = [15006, 15008]
/** A proxy's own ports, and the control plane's: https://istio.io/latest/docs/ops/deployment/application-requirements. */
export const OWN: Readonly<Record<number, string>> = {
  15000: 'administration',
  15004: 'debugging',
  15010: 'istiod',
  15012: 'istiod',
  15014: 'istiod',
  15020: 'metrics',
  15021: 'health',
  15053: 'DNS',
  15090: 'metrics',
}

const isServers = (port: number): boolean =>
  port < 1024 || port === OUTBOUND || INBOUND.includes(port) || OWN[port] !== undefined

/** The side that asks, most likely: whose port is no well-known one, else the higher one. */
export function likelyClient(one: number, other: number): Side {
  if (isServers(one) !== isServers(other)) return isServers(one) ? 1 : 0
  return one >= other ? 0 : 1
}
