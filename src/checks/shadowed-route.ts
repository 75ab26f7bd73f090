import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import { originOf } from '../mesh/envoy.ts'
import type { Conditions } from '../mesh/http-match.ts'
import { conditionsOf, conditionsOfRoute, covers, describeMatch, isMadeFrom, sameMatch } from '../mesh/http-match.ts'
import type { HttpMatch, VirtualService } from '../mesh/objects.ts'
import { ROUTE_KINDS } from '../mesh/gateway-api.ts'
import { refOf } from '../mesh/objects.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import { concernsTarget } from '../mesh/routing.ts'
import type { Code, Found, Proof } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { readingFor } from './facts/readings.ts'
import type { HiddenRule } from './facts/route-precedence.ts'
import { hiddenRules } from './facts/route-precedence.ts'

/** A route, or one match of it, stands behind another that takes all its requests: inside one VirtualService, or of the Gateway API by the order of its routes. */
export const shadowedRoute = defineCheck({
  name: 'shadowed-route',
  about: 'no route comes after another that matches all its requests',
  needs: ['virtual-services'],
  confirms: ['routes', 'http-routes', 'grpc-routes', 'gateways', 'listener-sets'],
  problems: {
    MESH0109: {
      severity: 'warning',
      title: 'route never reached',
      covers: ['IST0130 rule {rule} ', 'IST0131 rule {rule} '],
      says: 'Route {route} of {subject} ({match}) is never reached: route {before} ({taker}) matches all its requests first',
      remedy: 'Put route {route} before route {before}, or remove one of them.',
    },
    MESH0110: {
      severity: 'info',
      title: 'duplicate match',
      covers: ['IST0130 rule {rule} ', 'IST0131 rule {rule} '],
      says: 'Route {route} of {subject} matches requests ({match}) that route {before} ({taker}) matches first: this match is never used',
      remedy: 'Remove the repeated match from {subject}.',
    },
    MESH0124: {
      severity: 'warning',
      title: 'rule of a route never reached',
      says: 'Rule {rule} of {subject} ({match}) gets no requests for {host}: rule {before} of {other} has the same match and goes first',
      remedy: 'Remove one of the two rules, or make them match different requests.',
    },
  },
  run(evidence, target) {
    return [
      ...evidence
        .found('virtual-services')
        .filter(({ object }) => concernsTarget(object, target))
        .flatMap(({ object, reading }) =>
          shadows(object).map((shadow) => found(object, reading, shadow, evidence, target.hosts)),
        ),
      ...hiddenRules(evidence, target).map((one) => hiddenBy(one, evidence, target.hosts)),
    ]
  },
})

interface Shadow {
  code: Code
  /** Names or positions, from 1. */
  route: string
  before: string
  /** As the analyzers name the route: quoted, or by its position from 0. */
  rule: string
  hidden: Conditions
  taker: Conditions
}

/** A route is hidden when every match of it is covered by some earlier one; otherwise each covered match is one too many. */
function shadows(virtualService: VirtualService): Shadow[] {
  const routes = (virtualService.spec?.http ?? []).map(({ name, match }, index) => ({
    name: name ?? `#${index + 1}`,
    rule: name === undefined ? `#${index}` : `"${name}"`,
    matches: match === undefined || match.length === 0 ? [undefined] : match,
  }))
  return routes.flatMap(({ name, rule, matches }, index): Shadow[] => {
    const earlier = routes
      .slice(0, index)
      .flatMap((route) => route.matches.map((match) => ({ name: route.name, match })))
    const hidden = matches.flatMap((match, at) => {
      const before = [...earlier, ...matches.slice(0, at).map((own) => ({ name, match: own }))]
      const hider = before.find(
        (one) => sameGateways(one.match, match) && covers(conditionsOf(one.match), conditionsOf(match)),
      )
      return hider === undefined
        ? []
        : [
            {
              route: name,
              before: hider.name,
              rule,
              hidden: conditionsOf(match),
              taker: conditionsOf(hider.match),
              own: hider.name === name,
            },
          ]
    })
    const [first] = hidden
    const whole = hidden.length === matches.length && hidden.every(({ own }) => !own)
    if (first === undefined) return []
    if (!whole) return hidden.map(({ own: _, ...shadow }) => ({ code: 'MESH0110', ...shadow }))
    const { own: _, ...shadow } = first
    return [{ code: hidden.every((one) => sameMatch(one.taker, one.hidden)) ? 'MESH0110' : 'MESH0109', ...shadow }]
  })
}

/** A match for certain gateways hides only matches for the same ones. */
const sameGateways = (wide: HttpMatch | undefined, narrow: HttpMatch | undefined): boolean =>
  wide?.gateways === undefined ||
  wide.gateways.length === 0 ||
  JSON.stringify(wide.gateways) === JSON.stringify(narrow?.gateways)

function found(
  virtualService: VirtualService,
  reading: Seen,
  shadow: Shadow,
  evidence: Evidence,
  hosts: string[],
): Found {
  const { code, route, before, rule } = shadow
  const [match, taker] = [describeMatch(shadow.hidden), describeMatch(shadow.taker)]
  const { live, against } = orderedSo(virtualService, shadow, evidence)
  return {
    code,
    standing: standingOf({ live }),
    subject: refOf(virtualService),
    args: { route, before, rule, match, taker },
    because: [
      proof(
        reading,
        `${formatRef(refOf(virtualService))}: route ${before} (${taker}) stands before route ${route} (${match})`,
      ),
      ...live,
      ...against,
    ],
    scope: hosts,
  }
}

/** Proxies that have the taking route, and the hidden one behind it or not at all: istiod leaves out what a catch-all hides. Those that ask the hidden one first speak against it. */
function orderedSo(
  virtualService: VirtualService,
  { hidden, taker }: Shadow,
  evidence: Evidence,
): { live: Proof[]; against: Proof[] } {
  const looks = evidence.seen('routes').flatMap((reading) =>
    reading.value
      .flatMap(({ virtualHosts = [] }) => virtualHosts)
      .flatMap(({ routes = [] }) => {
        const order = routes
          .filter((route) => {
            const origin = originOf(route.metadata)
            return origin !== undefined && sameRef(origin, refOf(virtualService))
          })
          .map(({ match }) => conditionsOfRoute(match))
        const takes = order.findIndex((conditions) => isMadeFrom(conditions, taker))
        const asked = order.findIndex((conditions, index) => index !== takes && isMadeFrom(conditions, hidden))
        return takes === -1 ? [] : [{ reading, order, first: asked !== -1 && asked < takes }]
      })
      .slice(0, 1),
  )
  const name = ({ of }: Seen<'routes'>): string => of?.name ?? 'a proxy'
  const live = looks
    .filter(({ first }) => !first)
    .map(({ reading, order }) =>
      proof(reading, `${name(reading)} has these routes of it, in this order`, order.map(describeMatch).join('\n')),
    )
  return {
    live,
    against:
      live.length > 0
        ? []
        : looks.map(({ reading, order }) =>
            proof(
              reading,
              `contradicted: ${name(reading)} matches the other first`,
              order.map(describeMatch).join('\n'),
            ),
          ),
  }
}

function hiddenBy({ hidden, taker, host, match }: HiddenRule, evidence: Evidence, hosts: string[]): Found {
  const kind = ROUTE_KINDS[hidden.route.kind] ?? 'http-routes'
  const [subject, other] = [refOf(hidden.route), refOf(taker.route)]
  const why = sameRef(subject, other)
    ? 'the first of two rules of one route goes first'
    : `${formatRef(other)} is the older of the two, or the first by name`
  const live = evidence.seen('routes').flatMap((reading) => {
    const orders = reading.value
      .flatMap(({ virtualHosts = [] }) => virtualHosts)
      .map(({ routes = [] }) => routes.map(({ name }) => name))
    const isSo = orders.some((names) => {
      const at = names.indexOf(taker.rule.name)
      return at !== -1 && names.indexOf(hidden.rule.name) > at
    })
    return isSo
      ? [
          proof(
            reading,
            `${reading.of?.name ?? 'a proxy'} matches the route made from ${formatRef(other)} first`,
            `${taker.rule.name ?? ''}\n${hidden.rule.name ?? ''}`,
          ),
        ]
      : []
  })
  return {
    code: 'MESH0124',
    standing: standingOf({ live }),
    subject,
    args: {
      rule: hidden.position,
      match: describeMatch(match),
      host,
      before: taker.position,
      other: formatRef(other),
    },
    because: [
      proof(
        readingFor(kind, evidence),
        `${formatRef(subject)} and ${formatRef(other)} match the same requests for ${host} (${describeMatch(match)}): ${why}`,
      ),
      ...live.slice(0, 2),
    ],
    scope: hosts,
  }
}
