import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import type { AccessLogLine } from '../mesh/access-log.ts'
import { defined } from '../mesh/defined.ts'
import { milliseconds } from '../mesh/duration.ts'
import type { Route } from '../mesh/envoy.ts'
import { clustersOfRoute, parseClusterName, routesIn } from '../mesh/envoy.ts'
import { conditionsOf, describeMatch } from '../mesh/http-match.ts'
import type { HttpRoute, VirtualService } from '../mesh/objects.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import { boundAs, concernsTarget, destinationsOf, hostsOf } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { fact } from './facts/fact.ts'
import { routesMadeFrom } from './facts/made-routes.ts'
import { podsOf } from './facts/owners.ts'
import { observed } from './facts/traffic-of.ts'

/** A route still has the fault that was injected for a test: some of its requests are aborted or delayed on purpose. */
export const faultLeftOn = defineCheck({
  name: 'fault-left-on',
  about: 'no route to the target aborts or delays requests on purpose',
  needs: ['virtual-services'],
  confirms: ['routes', 'access-log', 'pods'],
  problems: {
    MESH0406: {
      severity: 'error',
      title: 'fault injection left on',
      explains: ['MESH0401', 'MESH0404'],
      says: 'Route {route} of {subject} ({match}) injects faults: it {faults}',
      remedy: 'Remove the fault from route {route} once the test is over.',
    },
  },
  run(evidence, target) {
    return evidence
      .found('virtual-services')
      .filter(({ object }) => concernsTarget(object, target))
      .flatMap(({ object, reading }) =>
        faultyRoutes(object, target).map((faulty) => found(object, reading, faulty, evidence, target)),
      )
  },
})

/** `fault` of an HTTPRoute; a share that is not given is all requests. */
interface Fault {
  abort?: { percentage?: { value?: number }; percent?: number; httpStatus?: number; grpcStatus?: string }
  delay?: { percentage?: { value?: number }; percent?: number; fixedDelay?: string }
}

interface FaultyRoute {
  /** Its name or its position, from 1. */
  name: string
  matches: string[]
  /** True when every match asks for more than a path, as a test that only some requests take. */
  restricted: boolean
  faults: string[]
  /** Milliseconds and share (%) of a route that does nothing but delay; absent when it aborts too. */
  delay?: { milliseconds: number; share: number }
}

/** What callers are used to wait for. */
interface Wont {
  /** The shortest time after which a caller's proxy gives up, in milliseconds, and where it is said. */
  limit?: { milliseconds: number; of: string }
  /** What the target takes to answer without the delay, in milliseconds: half of its answers. */
  latency?: number
}

/** From this delay on somebody who waits notices, whatever it is that takes requests (milliseconds). */
const NOTICED = 500
/** Below this share (%) a delay is among what happens to any service. */
const RARE = 1

/** Why a delay does no harm; undefined when it does. */
function harmless({ delay }: FaultyRoute, { limit, latency }: Wont): string | undefined {
  if (delay === undefined || (limit !== undefined && delay.milliseconds >= limit.milliseconds)) return undefined
  const lasts = `a delay of ${delay.milliseconds} ms`
  const isFor = limit === undefined ? '' : `, and ${limit.of} gives up after ${limit.milliseconds} ms only`
  if (delay.share < RARE) return `${lasts} meets ${delay.share} % of the requests${isFor}`
  if (delay.milliseconds < NOTICED) return `${lasts} is short${isFor}`
  return latency !== undefined && latency >= delay.milliseconds
    ? `${lasts} is less than the ${latency} ms that answers take anyway${isFor}`
    : undefined
}

const shareOf = ({ percentage, percent }: { percentage?: { value?: number }; percent?: number }): number =>
  percentage === undefined ? (percent ?? 100) : (percentage.value ?? 0)

/** `aborts 50 % with 503`, `delays 30 % by 2s`; nothing for a share of 0. */
function describeFault({ abort, delay }: Fault): string[] {
  return [
    ...(abort !== undefined && shareOf(abort) > 0
      ? [`aborts ${shareOf(abort)} % with ${abort.httpStatus ?? abort.grpcStatus ?? 'an error'}`]
      : []),
    ...(delay !== undefined && shareOf(delay) > 0
      ? [`delays ${shareOf(delay)} % by ${delay.fixedDelay ?? 'some time'}`]
      : []),
  ]
}

/** A delay without an abort beside it. */
function onlyDelays({ abort, delay }: Fault): FaultyRoute['delay'] {
  const lasts = milliseconds(delay?.fixedDelay)
  return delay === undefined || lasts === undefined || (abort !== undefined && shareOf(abort) > 0)
    ? undefined
    : { milliseconds: lasts, share: shareOf(delay) }
}

/** The routes with a fault; of a VirtualService for another host, only those that lead to the target. */
function faultyRoutes(virtualService: VirtualService, target: Target): FaultyRoute[] {
  const leads = new Set(
    destinationsOf(virtualService)
      .filter(({ protocol, host, mirror }) => protocol === 'http' && !mirror && target.hosts.includes(host))
      .map(({ route }) => route),
  )
  return (virtualService.spec?.http ?? []).flatMap((route: HttpRoute, index): FaultyRoute[] => {
    const faults = describeFault(route.fault ?? {})
    if (faults.length === 0 || !leads.has(index)) return []
    const conditions = (route.match ?? []).map(conditionsOf)
    return [
      {
        name: route.name ?? `#${index + 1}`,
        faults,
        ...defined({ delay: onlyDelays(route.fault ?? {}) }),
        matches: conditions.length === 0 ? ['every request'] : conditions.map(describeMatch),
        restricted: conditions.length > 0 && conditions.every(({ others }) => others.size > 0),
      },
    ]
  })
}

const FAULT_FILTER = 'envoy.filters.http.fault'
const hasFault = ({ typedPerFilterConfig }: Route): boolean => typedPerFilterConfig?.[FAULT_FILTER] !== undefined
const injected = ({ flags, details }: AccessLogLine): boolean =>
  flags.includes('FI') || flags.includes('DI') || details === 'fault_filter_abort'

/** True for a request that nobody waited for, or that was given up. */
const isGivenUp = ({ code, flags }: AccessLogLine): boolean => code === 0 || code >= 500 || flags.includes('DC')

/** What callers of the target wait for, and how long it takes. */
const wontOf = fact((evidence, target): Wont => {
  const limits = evidence.seen('routes').flatMap(({ of, value }) =>
    routesIn(value)
      .filter((route) =>
        clustersOfRoute(route).some((name) => target.hosts.includes(parseClusterName(name)?.host ?? '')),
      )
      .flatMap(({ route }) => [route?.timeout, route?.retryPolicy?.perTryTimeout])
      .flatMap((text) => {
        const lasts = milliseconds(text)
        return lasts === undefined || lasts === 0 ? [] : [{ milliseconds: lasts, of: of?.name ?? 'a proxy' }]
      }),
  )
  const [limit] = limits.toSorted((a, b) => a.milliseconds - b.milliseconds)
  const durations = podsOf(target, evidence)
    .flatMap((pod) => evidence.seenOf('access-log', refOf(pod))?.value.lines ?? [])
    .filter(({ upstreamCluster = '', code }) => upstreamCluster.startsWith('inbound|') && code > 0 && code < 500)
    .flatMap(({ duration }) => duration ?? [])
    .toSorted((a, b) => a - b)
  return defined({ limit, latency: durations[Math.floor(durations.length / 2)] })
})

function found(
  virtualService: VirtualService,
  reading: Seen,
  faulty: FaultyRoute,
  evidence: Evidence,
  target: Target,
): Found {
  const { name, matches, restricted, faults } = faulty
  const subject = refOf(virtualService)
  const mild = harmless(faulty, wontOf(evidence, target))
  const made = routesMadeFrom(virtualService, evidence).map((one) => ({ ...one, faulty: one.routes.filter(hasFault) }))
  const live = made
    .filter(({ faulty }) => faulty.length > 0)
    .map((one): Proof =>
      proof(
        one.reading,
        `${one.proxy} has ${faults.length === 1 ? 'the fault' : 'the faults'} in ${one.faulty.length} of ${one.routes.length} routes made from it`,
        JSON.stringify(one.faulty[0]?.typedPerFilterConfig?.[FAULT_FILTER], null, 2),
      ),
    )
  const against =
    live.length > 0
      ? []
      : made.map((one) => proof(one.reading, `contradicted: no route that ${one.proxy} made from it has a fault`))
  const bound = boundAs(virtualService, evidence.objects('virtual-services'))
  const seen =
    against.length > 0
      ? []
      : observed(
          evidence,
          [...target.hosts, ...bound.flatMap(hostsOf)],
          latestChange([virtualService, ...bound]),
          mild === undefined
            ? 'were aborted or delayed by a fault (FI, DI)'
            : 'were given up while a fault delayed them (DI)',
          mild === undefined ? injected : (line) => injected(line) && isGivenUp(line),
        )
  // A fault for requests with certain headers is how tests are made: it hurts when traffic shows that it does.
  const standing = standingOf({ live: restricted || mild !== undefined ? [] : live, observed: seen })
  return {
    code: 'MESH0406',
    standing,
    subject,
    args: { route: name, match: matches, faults },
    because: [
      proof(
        reading,
        `${formatRef(subject)}, route ${name}: ${faults.join(' and ')}${mild === undefined || seen.length > 0 ? '' : `; ${mild}`}`,
      ),
      ...live,
      ...against,
      ...seen,
    ],
    scope: [...target.hosts],
  }
}
