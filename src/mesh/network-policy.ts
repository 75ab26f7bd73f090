import type { Labels, LabelSelector, Namespace, NetworkPeer, NetworkPolicy, NetworkPort, Pod } from './objects.ts'
import { inRange } from './walk/address.ts'

export type Direction = 'Ingress' | 'Egress'

/** The other end of a connection: a pod with its namespace, or no more than an address. */
export interface NetworkEnd {
  address?: string
  pod?: Pod
  namespace?: Namespace
}

/** What a connection is made to: a port of the pod at its receiving end. */
export interface NetworkTarget {
  port: number
  protocol?: 'TCP' | 'UDP'
  /** The pod whose containers give ports names; the address behind the port is this pod's. */
  pod?: Pod
}

/** True when a label selector as NetworkPolicies have it takes the labels; an empty one takes all. */
export function takes({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels = {}): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key]
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value)
        case 'NotIn':
          return value === undefined || !values.includes(value)
        case 'Exists':
          return value !== undefined
        case 'DoesNotExist':
          return value === undefined
        default:
          return false
      }
    })
  )
}

/** True when the policy restricts the pod's connections in a direction: incoming ones unless it says otherwise, outgoing ones when it says so or has rules for them. */
export function restricts({ metadata, spec }: NetworkPolicy, pod: Pod, direction: Direction): boolean {
  const types = spec?.policyTypes ?? ['Ingress', ...(spec?.egress === undefined ? [] : ['Egress'])]
  return (
    metadata.namespace === pod.metadata.namespace &&
    types.includes(direction) &&
    takes(spec?.podSelector ?? {}, pod.metadata.labels)
  )
}

function isWithin(address: string, cidr: string): boolean {
  const [network = '', bits = ''] = cidr.split('/')
  return inRange(address, { addressPrefix: network, prefixLen: Number(bits) })
}

function isPeer(peer: NetworkPeer, end: NetworkEnd, policy: NetworkPolicy): boolean {
  if (peer.ipBlock !== undefined) {
    const { address } = end
    return (
      address !== undefined &&
      isWithin(address, peer.ipBlock.cidr) &&
      !(peer.ipBlock.except ?? []).some((cidr) => isWithin(address, cidr))
    )
  }
  const { pod } = end
  if (pod === undefined) return false
  if (peer.podSelector !== undefined && !takes(peer.podSelector, pod.metadata.labels)) return false
  if (peer.namespaceSelector === undefined) return pod.metadata.namespace === policy.metadata.namespace
  const labels = { 'kubernetes.io/metadata.name': pod.metadata.namespace ?? '', ...end.namespace?.metadata.labels }
  return takes(peer.namespaceSelector, labels)
}

function isPort({ protocol = 'TCP', port, endPort }: NetworkPort, target: NetworkTarget): boolean {
  if (protocol !== (target.protocol ?? 'TCP')) return false
  if (port === undefined) return true
  if (typeof port === 'number') return target.port >= port && target.port <= (endPort ?? port)
  return (target.pod?.spec?.containers ?? [])
    .flatMap(({ ports = [] }) => ports)
    .some(({ name, containerPort }) => name === port && containerPort === target.port)
}

/**
 * The policies that together keep a connection out of a pod, or in it: none when nothing restricts the pod in that direction or any of them lets it
 * through.
 */
export function keepingOut(
  policies: readonly NetworkPolicy[],
  pod: Pod,
  direction: Direction,
  end: NetworkEnd,
  target: NetworkTarget,
): NetworkPolicy[] {
  const restricting = policies.filter((policy) => restricts(policy, pod, direction))
  const isLetThrough = restricting.some((policy) => {
    const rules: { peers: NetworkPeer[] | undefined; ports: NetworkPort[] | undefined }[] =
      direction === 'Ingress'
        ? (policy.spec?.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }))
        : (policy.spec?.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }))
    return rules.some(
      ({ peers = [], ports = [] }) =>
        (peers.length === 0 || peers.some((peer) => isPeer(peer, end, policy))) &&
        (ports.length === 0 || ports.some((port) => isPort(port, target))),
    )
  })
  return isLetThrough ? [] : restricting
}

/** The policies that restrict a pod in a direction and none of which has any rule for a port, whoever is at its other end. */
export function closing(
  policies: readonly NetworkPolicy[],
  pod: Pod,
  direction: Direction,
  target: NetworkTarget,
): NetworkPolicy[] {
  const restricting = policies.filter((policy) => restricts(policy, pod, direction))
  const isOpen = restricting.some(({ spec }) =>
    ((direction === 'Ingress' ? spec?.ingress : spec?.egress) ?? []).some(
      ({ ports = [] }) => ports.length === 0 || ports.some((port) => isPort(port, target)),
    ),
  )
  return isOpen ? [] : restricting
}
