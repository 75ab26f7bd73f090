import { requestsTo } from '../../checks/facts/requests-to.ts'
import { trafficCountsFrom } from '../../checks/facts/traffic-of.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { Target } from '../../mesh/target.ts'
import { textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import type { Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'

/** Limits of `connectionPool` that turn requests away when they are reached. */
const LIMITS = { tcp: ['maxConnections'], http: ['http1MaxPendingRequests', 'http2MaxRequests'] } as const
type Pool = Partial<Record<'tcp' | 'http', Partial<Record<string, unknown>>>>
interface Pooling {
  connectionPool?: Pool
  portLevelSettings?: unknown
}

/** Raises the limits of a DestinationRule's connection pool to what callers were seen to need. */
export const raiseConnectionLimits = defineFix({
  act: 'raise-connection-limits',
  about: 'raises the limits that reject requests in the connection pool of a DestinationRule',
  codes: ['MESH0409'],
  propose(finding, evidence, target) {
    const { code, subject } = finding
    const rule = evidence.object('destination-rules', subject.namespace ?? '', subject.name)
    const policy = rule?.spec?.trafficPolicy as Pooling | undefined
    const own = (rule?.spec?.subsets ?? []).some(
      ({ trafficPolicy }) => (trafficPolicy as Pooling | undefined)?.connectionPool !== undefined,
    )
    const most = busiestSecond(evidence, target)
    if (
      rule === undefined ||
      policy?.connectionPool === undefined ||
      policy.portLevelSettings !== undefined ||
      own ||
      most === 0
    )
      return []
    const host = textArg(finding, 'host')
    // What was asked for within a second is room enough where answers take no longer; ten times that for those that do.
    return [most, 10 * most].flatMap((needed): Proposal[] => {
      const pool = raised(policy.connectionPool ?? {}, needed)
      const named = Object.values(pool)
        .flatMap((limits) => Object.entries(limits).map(([name, limit]) => `${name} ${limit}`))
        .join(', ')
      return named === ''
        ? []
        : [
            {
              act: 'raise-connection-limits',
              for: code,
              title: `Allow callers of ${host} ${named}`,
              choice: named,
              why: `${textArg(finding, 'failed')} of ${textArg(finding, 'requests')} requests were rejected by the limits of ${formatRef(refOf(rule))} (${textArg(finding, 'limits')}); there were ${most} requests in the busiest second.`,
              effect: `Each caller's proxy may have that many connections and waiting requests to ${host} at once.`,
              risk: {
                level: 'medium',
                says: `The limits protected ${host} from overload: it may slow down or fail under the additional requests.`,
              },
              undo: `Restores the former limits in ${formatRef(refOf(rule))}.`,
              writes: [applyTo(rule, { spec: { trafficPolicy: { connectionPool: pool } } })],
            },
          ]
    })
  },
})

/** The requests to the target that began within the busiest second, those turned away among them. */
function busiestSecond(evidence: Evidence, target: Target): number {
  const moment = trafficCountsFrom(evidence, target)
  const begun =
    moment === undefined
      ? []
      : requestsTo(target, moment, evidence)
          .map(({ entry }) => Date.parse(entry.at))
          .toSorted((a, b) => a - b)
  let [most, from] = [0, 0]
  for (const [index, at] of begun.entries()) {
    while (at - (begun[from] ?? at) >= 1000) from += 1
    most = Math.max(most, index - from + 1)
  }
  return most
}

/** The limits that are set and lower than what is needed, raised to it; those that nobody set are left alone. */
function raised(pool: Pool, needed: number): Record<string, Record<string, number>> {
  const parts = (Object.keys(LIMITS) as (keyof typeof LIMITS)[]).map(
    (part) =>
      [
        part,
        Object.fromEntries(
          LIMITS[part].flatMap((name) => {
            const limit = pool[part]?.[name]
            return typeof limit === 'number' && limit < needed ? [[name, needed] as const] : []
          }),
        ),
      ] as const,
  )
  return Object.fromEntries(parts.filter(([, limits]) => Object.keys(limits).length > 0))
}
