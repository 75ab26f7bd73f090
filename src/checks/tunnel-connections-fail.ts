import type { Evidence } from '../evidence/evidence.ts'
import type { Target } from '../mesh/target.ts'
import type { ZtunnelConnection } from '../mesh/ztunnel-log.ts'
import type { Found } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { presentOf } from './facts/traffic-of.ts'

/** From this share of connections on, and at least two of them, failing hurts. */
const SHARE = 0.05
/** So many that ended well one after the other, and what failed before is over. */
const OVER = 10

/** ztunnel could not carry connections to the target. */
export const tunnelConnectionsFail = defineCheck({
  name: 'tunnel-connections-fail',
  about: 'ztunnel carried the connections to the target that it logged',
  needs: ['ztunnel-log'],
  problems: {
    MESH0413: {
      severity: 'error',
      title: 'connections fail in ztunnel',
      symptom: true,
      says: '{failed} of {connections} connections to {subject} failed in ztunnel: {reason}',
      remedy: 'ztunnel says why: {meaning}',
    },
  },
  run(evidence, target): Found[] {
    const logged = connectionsTo(target, evidence)
    const failed = logged.filter(({ connection }) => connection.error !== undefined)
    const last = failed.at(-1)
    const since = logged.length - 1 - logged.findLastIndex(({ connection }) => connection.error !== undefined)
    if (last === undefined || failed.length < 2 || failed.length / logged.length < SHARE || since >= OVER) return []
    const [commonest] = [...Map.groupBy(failed, ({ connection }) => kindOf(connection.error ?? ''))].toSorted(
      ([, a], [, b]) => b.length - a.length,
    )
    const [reason = ''] = commonest ?? []
    return [
      {
        code: 'MESH0413',
        standing: 'observed',
        subject: target.ref,
        args: {
          failed: failed.length,
          connections: logged.length,
          reason,
          meaning: MEANINGS.find(([words]) => reason.startsWith(words))?.[1] ?? 'see the line itself.',
        },
        because: [
          proof(last.reading, `${failed.length} of ${logged.length} connections failed`, last.connection.error),
        ],
        scope: [...target.hosts],
      },
    ]
  },
})

/** What ztunnel's errors mean, by how they begin. */
const MEANINGS: readonly (readonly [string, string])[] = [
  [
    'connection closed due to policy rejection: allow',
    'ALLOW policies exist for the pods, and none matches this caller.',
  ],
  ['connection closed due to policy rejection: explicitly', 'a DENY policy matched this caller.'],
  ['connection closed due to policy rejection', 'ztunnel does not know the destination: look at its workloads.'],
  ['connection timed out', 'nothing answered on port 15008: a NetworkPolicy, or no ztunnel at the other end.'],
  ['no healthy upstream', 'the Service has no endpoint that is ready.'],
  ['unknown waypoint', "the waypoint's address is not known to ztunnel."],
  ['failed to find waypoint', "the waypoint's address is not known to ztunnel."],
  ['tls error', 'the certificates of the two ends do not match.'],
  ['identity error', 'ztunnel has no certificate for the caller.'],
  ['http status', 'the waypoint or the other ztunnel refused the tunnel.'],
  ['connection failed', 'the application does not listen, or the other end is gone.'],
  ['io error', 'the application does not listen, or the other end is gone.'],
]

/** An error up to what differs from line to line. */
const kindOf = (error: string): string => error.replace(/\d+\.\d+\.\d+\.\d+(:\d+)?/g, 'ADDRESS').slice(0, 160)

/** Ends that are no failure: the pod or ztunnel ended as it should, or the client hung up. */
const EXPECTED = /connection drain|pool draining|client disconnected|policy change/

interface Logged {
  reading: ReturnType<Evidence['seen']>[number]
  connection: ZtunnelConnection
}

/** Connections to the target of the last minutes, in order; one that both ends logged counts as its caller's ztunnel has it. */
function connectionsTo(target: Target, evidence: Evidence): Logged[] {
  const readings = evidence.seen('ztunnel-log')
  const now = Math.max(0, ...readings.map(({ at }) => Date.parse(at)))
  const isOurs = ({ destination }: ZtunnelConnection): boolean =>
    target.hosts.includes(destination.service ?? '') ||
    target.pods.some(({ name, namespace }) => name === destination.workload && namespace === destination.namespace)
  const all = readings.flatMap((reading) =>
    reading.value.connections
      .filter((connection) => Date.parse(connection.at) > now - presentOf(target) && isOurs(connection))
      .map((connection) => ({ reading, connection })),
  )
  const outbound = new Set(
    all.flatMap(({ connection }) => (connection.direction === 'outbound' ? [connection.source.workload] : [])),
  )
  return all
    .filter(
      ({ connection: { direction, source, error = '' } }) =>
        !EXPECTED.test(error) && (direction === 'outbound' || !outbound.has(source.workload)),
    )
    .toSorted((a, b) => a.connection.at.localeCompare(b.connection.at, 'en'))
}
