import type { GatewayObject, Listener, ListenerSet } from './gateway-api.ts'

/** A listener and what it was written in. */
export interface PlacedListener {
  listener: Listener
  owner: GatewayObject | ListenerSet
}

/** A listener that another one keeps from its port or hostname: it takes no requests. */
export interface ListenerConflict extends PlacedListener {
  /** The one that has what it asks for. */
  winner: PlacedListener
}

const STREAMS: ReadonlySet<string> = new Set(['TCP', 'UDP'])

const hostOf = ({ hostname }: Listener): string => (hostname === undefined || hostname === '' ? '*' : hostname)

/** True when both can be at one Gateway: at different ports or, where both tell requests by their hostnames, for different ones. */
function areDistinct(a: Listener, b: Listener): boolean {
  if (a.port !== b.port) return true
  const isStream = [a, b].some(({ protocol = 'HTTP' }) => STREAMS.has(protocol))
  return !isStream && hostOf(a) !== hostOf(b)
}

/** ListenerSets in the order in which they count: the older before the newer, then by their names. */
const byAge = (a: ListenerSet, b: ListenerSet): number =>
  (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') ||
  `${a.metadata.namespace ?? ''}/${a.metadata.name}`.localeCompare(`${b.metadata.namespace ?? ''}/${b.metadata.name}`)

/**
 * The listeners of a Gateway and of ListenerSets at it that lose to an earlier one, as istiod decides it: the Gateway's own come first in their order, then
 * those of the sets; one that lost keeps nobody out.
 * @param sets that the Gateway lets in
 */
export function listenerConflicts(gateway: GatewayObject, sets: readonly ListenerSet[]): ListenerConflict[] {
  const all: PlacedListener[] = [gateway, ...sets.toSorted(byAge)].flatMap((owner) =>
    (owner.spec?.listeners ?? []).map((listener) => ({ listener, owner })),
  )
  const accepted: PlacedListener[] = []
  return all.flatMap((one): ListenerConflict[] => {
    const winner = accepted.find(({ listener }) => !areDistinct(listener, one.listener))
    if (winner !== undefined) return [{ ...one, winner }]
    accepted.push(one)
    return []
  })
}
