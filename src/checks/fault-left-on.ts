import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import type { AccessLogLine } from '../mesh/access-log.ts'
import type { Route } from '../mesh/envoy.ts'
import { conditionsOf, describeMatch } from '../mesh/http-match.ts'
import type { HttpRoute, VirtualService } from '../mesh/objects.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import { boundAs, concerns, destinationsOf, hostsOf } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { routesMadeFrom } from './facts/made-routes.ts'
import { observed } from './facts/traffic-of.ts'

/** A route still has the fault that was injected for a test: some of its requests are aborted or delayed on purpose. */
export const faultLeftOn = defineCheck({
  name: 'fault-left-on',
  about: 'no route to the target aborts or delays requests on purpose',
  needs: ['virtual-services'],
  confirms: ['routes', 'access-log'],
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
      .filter(({ object }) => concerns(object, target.hosts))
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

function found(
  virtualService: VirtualService,
  reading: Seen,
  { name, matches, restricted, faults }: FaultyRoute,
  evidence: Evidence,
  target: Target,
): Found {
  const subject = refOf(virtualService)
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
          'were aborted or delayed by a fault (FI, DI)',
          injected,
        )
  // A fault for requests with certain headers is how tests are made: it hurts when traffic shows that it does.
  const standing = standingOf({ live: restricted ? [] : live, observed: seen })
  return {
    code: 'MESH0406',
    standing,
    subject,
    args: { route: name, match: matches, faults },
    because: [
      proof(reading, `${formatRef(subject)}, route ${name}: ${faults.join(' and ')}`),
      ...live,
      ...against,
      ...seen,
    ],
    scope: [...target.hosts],
  }
}
