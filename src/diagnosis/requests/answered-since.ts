import { withoutQuery } from '../../mesh/walk/path.ts'
import { ipOf, portOf } from '../../mesh/address.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { sameRef } from '../../mesh/ref.ts'
import { since, type AccessLogLine } from '../../mesh/access-log.ts'
import type { Request } from '../../checks/facts/requests-to.ts'
import type { RequestClass } from './classes.ts'
import { answerOf } from './answer.ts'

/**
 * What the clients of a class that only the target's own log tells of got later, as that log has it: for the same request, or for any at the same port when they were
 * turned away before one was read. By then their proxies' logs may tell of it too, and it stands in another class.
 */
export function gotSince(one: RequestClass, classes: readonly RequestClass[]): Request[] {
  if (one.caller !== undefined) return []
  const isBare = one.requests.every(({ entry }) => entry.authority === undefined)
  const keysOf = isBare ? connectionsOf : askedOf
  const clients = new Set(one.requests.flatMap(keysOf))
  return classes
    .filter((other) => other !== one)
    .flatMap(({ requests }) => requests)
    .filter(
      (each) =>
        // Those that failed count in their own class.
        each.entry.authority !== undefined &&
        answerOf(each) === 'answered' &&
        keysOf(each).some((key) => clients.has(key)),
    )
}

/** Who asked for what, as the target's own line has it. */
function askedOf({ inner }: Request): string[] {
  const { downstreamRemote, downstreamLocal, authority, method, path } = inner?.entry ?? {}
  const ip = ipOf(downstreamRemote)
  const asked = path === undefined ? undefined : withoutQuery(path)
  return ip === undefined ? [] : [JSON.stringify([ip, portOf(downstreamLocal), authority, method, asked])]
}

/**
 * The connections that a request came over, each by who made it and the port it was made to. Of one that a gateway forwards the target's line names
 * the first client, and the gateway's own line the connection.
 */
function connectionsOf({ entry, inner }: Request): string[] {
  const ends = [
    [entry.downstreamRemote, entry.downstreamLocal],
    [entry.upstreamLocal, entry.upstreamHost],
    [inner?.entry.downstreamRemote, inner?.entry.downstreamLocal],
  ]
  return ends.flatMap(([from, to]) => {
    const ip = ipOf(from)
    const port = portOf(to)
    return ip === undefined || port === undefined ? [] : [`${ip} ${port}`]
  })
}

/**
 * What the same caller got for the same request where its failures name no destination: a route hands such requests to other Services,
 * whose answers stand in no class of the target.
 */
export function answeredElsewhere({ caller, requests }: RequestClass, evidence: Evidence): Request[] {
  const log = caller === undefined ? undefined : evidence.seenOf('access-log', caller.pod)
  const [first] = requests
  const isWithout = ({ entry: { upstreamCluster } }: Request): boolean => upstreamCluster === undefined
  if (log === undefined || first === undefined || !requests.every(isWithout)) return []
  const keyOf = ({ authority, downstreamLocal, method, path }: AccessLogLine): string =>
    JSON.stringify([authority, portOf(downstreamLocal), method, path === undefined ? undefined : withoutQuery(path)])
  const wanted = keyOf(first.entry)
  const began = Date.parse(first.entry.at)
  return first.entry.authority === undefined
    ? []
    : since(log.value.lines, began)
        .filter((entry) => entry.upstreamCluster?.startsWith('outbound|') === true && keyOf(entry) === wanted)
        .map((entry): Request => ({ entry, log }))
        .filter((each) => answerOf(each) === 'answered')
}

/**
 * What the same caller got later at a port to which its connections failed while its proxy took them for plain TCP: the port is HTTP's since,
 * and its requests stand in classes of their own.
 */
export function answeredAsHttp({ caller, requests }: RequestClass, classes: readonly RequestClass[]): Request[] {
  if (caller === undefined || requests.some(({ entry: { method } }) => method !== undefined)) return []
  const ports = new Set(requests.map(({ entry }) => portOf(entry.downstreamLocal)))
  return classes
    .filter((other) => other.caller !== undefined && sameRef(other.caller.pod, caller.pod))
    .flatMap((other) => other.requests)
    .filter(
      (each) =>
        each.entry.method !== undefined &&
        ports.has(portOf(each.entry.downstreamLocal)) &&
        answerOf(each) === 'answered',
    )
}
