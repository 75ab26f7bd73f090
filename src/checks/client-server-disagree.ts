import { percentOf, round, sideOf, successOf, type Difference, type Side } from '../mesh/both-ends.ts'
import { clockText } from '../mesh/duration.ts'
import { fromFqdn } from '../mesh/host.ts'
import { formatRef, type Ref } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import { defineCheck, proof, type Found, type Proof } from './check.ts'
import { bothEndsOf, type BothEnds } from './facts/both-ends-of.ts'
import { value } from './facts/clause.ts'
import { ROUTING_KINDS, quoteLine } from './facts/traffic-of.ts'

/** From this difference of the shares on, and so many requests, it is worth explaining. */
const APART = 0.05
const FEWEST = 2
/** Fewest requests of an end of which a share is given. */
const FEWEST_OF_END = 5
/** Answers that are named in the sentence. */
const MOST_NAMED = 3

/** The callers' proxies count other failures than the target's own: dashboards of the server show a success that nobody has. */
export const clientServerDisagree = defineCheck({
  name: 'client-server-disagree',
  about: "the callers' proxies and the target's own report the same success rate",
  needs: ['pods', ...ROUTING_KINDS],
  confirms: ['access-log', 'traffic-history'],
  problems: {
    MESH0444: {
      severity: 'info',
      title: 'client and server disagree',
      says: '{client} of the requests to {subject} since {since} succeed as its callers see it, {server} as its own proxies count: {clause}',
      remedy:
        'Alert on the callers\' count of {subject} (reporter="source"); the server\'s does not contain what never reached it or was no longer waited for.',
    },
  },
  run(evidence, target) {
    const both = bothEndsOf(evidence, target)
    if (both === undefined || both.isOver) return []
    const [client, server] = [sideOf(both.answers, 'client'), sideOf(both.answers, 'server')]
    if (client === undefined || server === undefined) return []
    if (client.requests < FEWEST_OF_END || server.requests < FEWEST_OF_END) return []
    const apart = successOf(server) - successOf(client)
    const explained = both.differences.reduce((sum, { requests }) => sum + requests, 0)
    // Where flags do not explain most of it, other requests are counted here than there.
    return apart < APART || explained < FEWEST || explained / client.requests < apart / 2
      ? []
      : [found(both, { client, server }, target)]
  },
})

const shown = ({ answer, requests, says }: Difference): string => `${round(requests)} × ${value(answer)}: ${says}`

function found(both: BothEnds, { client, server }: { client: Side; server: Side }, target: Target): Found {
  const named = both.differences.slice(0, MOST_NAMED)
  const more = both.differences.length - named.length
  const sides = `clients: ${percentOf(successOf(client))} of ${round(client.requests)} requests; servers: ${percentOf(successOf(server))} of ${round(server.requests)}`
  return {
    code: 'MESH0444',
    standing: 'observed',
    subject: countedFor(both, target),
    args: {
      client: percentOf(successOf(client)),
      server: percentOf(successOf(server)),
      since: clockText(both.from),
      clientRequests: Math.round(client.requests),
      serverRequests: Math.round(server.requests),
      answers: both.differences.map(({ answer, requests }) => `${answer} ${round(requests)}`),
      clause: `${named.map(shown).join('; ')}${more > 0 ? `; and ${more} more answers` : ''}`,
    },
    because: proofs(both, sides, target),
    scope: [...target.hosts],
  }
}

/** What both ends' counts are of: pods and workloads are counted by the Service that requests are sent to. */
function countedFor({ by }: BothEnds, { ref, services }: Target): Ref {
  if (ref.kind === 'Service') return ref
  const counted = 'value' in by ? fromFqdn(by.value.host) : undefined
  const [only, ...others] = services
  return (
    services.find(({ name, namespace }) => name === counted?.name && namespace === counted.namespace) ??
    (only !== undefined && others.length === 0 ? only : ref)
  )
}

function proofs({ by, from, answers }: BothEnds, sides: string, target: Target): [Proof, ...Proof[]] {
  const list = (end: 'client' | 'server'): string =>
    `${end}: ${answers
      .filter((one) => one.end === end)
      .slice(0, 8)
      .map(({ code, flags, requests }) => `${[code, ...flags].join(' ')} ${round(requests)}`)
      .join(', ')}`
  if ('value' in by)
    return [proof(by, `Prometheus, since ${clockText(from)}: ${sides}`, `${list('client')}\n${list('server')}`)]
  const { entry, log, inner } = by.example
  return [
    proof(
      log,
      `${sides}, as the lines of ${by.requests} requests to ${formatRef(target.ref)} since ${clockText(from)} in the logs of both ends say`,
      quoteLine(entry),
    ),
    ...(inner === undefined || inner.log === log
      ? []
      : [
          proof(
            inner.log,
            `the same request (x-request-id ${entry.requestId ?? ''}) as the server's proxy logged it`,
            quoteLine(inner.entry),
          ),
        ]),
  ]
}
