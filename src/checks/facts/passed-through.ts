import type { Evidence } from '../../evidence/evidence.ts'
import type { AccessLogLine } from '../../mesh/access-log.ts'
import { once } from './fact.ts'
import { podAt, type Logged } from './requests-to.ts'

/** Milliseconds by which the clocks of two nodes may differ. */
const CLOCKS = 5

/** Lines by the far end of the connection that they came over, and by the ids of requests. */
const lines = once((evidence: Evidence) => {
  const all = evidence.seen('access-log').flatMap((log) => log.value.lines.map((entry): Logged => ({ entry, log })))
  return {
    bySource: Map.groupBy(all, ({ entry }) => entry.downstreamRemote),
    byId: Map.groupBy(all, ({ entry }) => entry.requestId),
  }
})

const isSame = (one: AccessLogLine, other: AccessLogLine): boolean =>
  one.method === other.method && one.path === other.path && one.authority === other.authority && one.code === other.code

/**
 * A request in the log of the proxy behind a gateway that took it, or else of the gateway: a gateway that gives requests ids of its own passes on no other trace
 * than the connection, whose both ends both logs have. Undefined where no line, or more than one, can be the same request.
 */
export function behindGateway({ entry }: Logged, evidence: Evidence): Logged | undefined {
  if (entry.upstreamLocal === undefined || entry.method === undefined) return undefined
  const { bySource, byId } = lines(evidence)
  const began = Date.parse(entry.at)
  const [passed, ...others] = (bySource.get(entry.upstreamLocal) ?? []).filter((each) => {
    const at = Date.parse(each.entry.at)
    return isSame(each.entry, entry) && at >= began - CLOCKS && at <= began + (entry.duration ?? 0) + CLOCKS
  })
  if (passed === undefined || others.length > 0) return undefined
  const { requestId, upstreamHost } = passed.entry
  const pod = podAt(upstreamHost, evidence)
  const inner =
    requestId === undefined || pod === undefined
      ? undefined
      : byId.get(requestId)?.findLast(({ log }) => log.of?.name === pod.metadata.name)
  return inner ?? passed
}
