import type { Leg } from './leg.ts'

/** How two proxies' parts are known to be of one request. */
export type JoinedBy = 'request id and connection' | 'request id and address' | 'request id'

/** The parts of one request, and what could not be joined. */
export interface Joined {
  /** The caller's first. */
  legs: Leg[]
  /** How each leg was joined to the one before it; one less than legs. */
  by: JoinedBy[]
  /** What peers lived through of earlier tries of a retried request, in their order; absent where there was one try. */
  tries?: TriedLeg[]
  /** Sentences: parts that may belong to it. */
  unjoined: string[]
}

/** The peer's part of one try that was followed by another. */
export interface TriedLeg {
  /** Index of the proxy's leg in `legs`, and of the try among its attempts. */
  of: number
  attempt: number
  leg: Leg
}

/** Joins what other proxies logged of a request with its id: never by a guess. */
export function joinLegs(lead: Leg, others: readonly { log: string; legs: readonly Leg[] }[]): Joined {
  const joined: Joined = { legs: [lead], by: [], unjoined: [] }
  const all = others.flatMap(({ legs }) => legs)
  if (lead.side === 'inbound') addCaller(joined, lead, all)
  else addCallees(joined, lead, all)
  return joined
}

/** An address of a connection's end; behind another proxy the port is 0, and the address is not of this connection. */
const endOf = (address: string | undefined): string | undefined =>
  address === undefined || address.endsWith(':0') ? undefined : address

/** Whether what both proxies say of the connection between them agrees; undefined where they do not say enough. */
function agrees(caller: Leg, callee: Leg): JoinedBy | false {
  const [own, remote] = [caller.access?.upstreamLocal, endOf(callee.from) ?? endOf(callee.access?.downstreamRemote)]
  if (own !== undefined && remote !== undefined) return own === remote && 'request id and connection'
  const [host, local] = [caller.attempts.at(-1)?.host ?? caller.access?.upstreamHost, callee.access?.downstreamLocal]
  if (host !== undefined && local !== undefined) return host === local && 'request id and address'
  return 'request id'
}

function addCallees(joined: Joined, lead: Leg, all: readonly Leg[]): void {
  const callees = all.filter((leg) => leg.side === 'inbound' || (lead.side === 'outbound' && leg.side === undefined))
  const tried = triedLegs(lead, callees)
  if (tried.length > 0) joined.tries = tried
  const ofTries = new Set(tried.map(({ leg }) => leg))
  add(
    joined,
    callees.filter((leg) => !ofTries.has(leg)),
    (callee) => agrees(lead, callee),
  )
  const alike = all.filter((leg) => leg.side === 'outbound')
  if (alike.length > 0)
    joined.unjoined.push(
      `${alike.length === 1 ? 'Another stream has' : `${alike.length} other streams have`} the same request id: ${named(alike)}. It may be a retry of the caller, or a call of its own further on.`,
    )
}

function addCaller(joined: Joined, lead: Leg, all: readonly Leg[]): void {
  const callers = all.filter((leg) => leg.side !== 'inbound')
  add(joined, callers, (caller) => agrees(caller, lead), 'before')
}

const named = (legs: readonly Leg[]): string =>
  legs.map(({ log, id }) => `connection ${id.connection}, stream ${id.stream} of ${log}`).join('; ')

/** From the strongest to the weakest. */
const STRENGTH: readonly JoinedBy[] = ['request id and connection', 'request id and address', 'request id']

function add(
  joined: Joined,
  candidates: readonly Leg[],
  by: (leg: Leg) => JoinedBy | false,
  where: 'before' | 'after' = 'after',
): void {
  const known = candidates.map((leg) => ({ leg, by: by(leg) }))
  const strongest = STRENGTH.find((one) => known.some(({ by: each }) => each === one))
  const possible = known.filter(({ by: each }) => each === strongest).map(({ leg }) => leg)
  const [leg, another] = possible
  if (strongest !== undefined && leg !== undefined && another === undefined) {
    if (where === 'before') joined.legs.unshift(leg)
    else joined.legs.push(leg)
    joined.by.push(strongest)
  } else if (another !== undefined)
    joined.unjoined.push(
      `${possible.length} streams of the peer have its request id, and nothing tells which is this one: ${named(possible)}.`,
    )
  const apart = known.filter(({ leg: one, by: each }) => one !== leg && each === false).map(({ leg: one }) => one)
  if (apart.length > 0)
    joined.unjoined.push(`Of the same request id, but on another connection than this proxy's: ${named(apart)}.`)
}

/**
 * The peers of tries before the last: those at the address that a try was sent to. Of several tries to one address each has its own, in their order, where there
 * are as many; else nothing tells which is which, and none is joined.
 */
function triedLegs(lead: Leg, callees: readonly Leg[]): TriedLeg[] {
  if (lead.attempts.length < 2) return []
  const sent = lead.attempts.flatMap(({ host, sentAt }, attempt) =>
    host === undefined || sentAt === undefined ? [] : [{ host, attempt }],
  )
  return [...Map.groupBy(sent, ({ host }) => host)]
    .flatMap(([host, attempts]) => {
      const there = callees
        .filter(({ access, side }) => side === 'inbound' && access?.downstreamLocal === host)
        .toSorted((one, other) => one.begunAt - other.begunAt)
      return there.length !== attempts.length
        ? []
        : attempts.flatMap(({ attempt }, index): TriedLeg[] => {
            const leg = there[index]
            return leg === undefined || attempt === lead.attempts.length - 1 ? [] : [{ of: 0, attempt, leg }]
          })
    })
    .toSorted((one, other) => one.attempt - other.attempt)
}
