import type { Evidence } from '../evidence/evidence.ts'
import { originOf } from '../mesh/envoy.ts'
import { conditionsOf, conditionsOfRoute, covers, describeMatch, sameMatch } from '../mesh/http-match.ts'
import type { HttpMatch, VirtualService } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import { concerns } from '../mesh/routing.ts'
import type { Code, Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'

/** Inside one VirtualService, a route stands behind another that takes all its requests. */
export const shadowedRoute = defineCheck({
  name: 'shadowed-route',
  about: 'no route stands behind another that takes all its requests',
  needs: ['virtual-services'],
  confirms: ['routes'],
  problems: {
    MESH0109: {
      severity: 'warning', title: 'route never reached', covers: ['IST0130'],
      says: 'Route {route} of {subject} ({match}) is never reached: route {before} ({taker}) takes all its requests first',
      remedy: 'Put route {route} before route {before}, or take one of them out.',
    },
    MESH0110: {
      severity: 'info', title: 'duplicate match', covers: ['IST0130', 'IST0131'],
      says: 'Route {route} of {subject} matches the same requests ({match}) as route {before}: it is never used',
      remedy: 'Take the repeated match out of {subject}.',
    },
  },
  run(evidence, target) {
    return evidence.objects('virtual-services').filter((one) => concerns(one, target.hosts)).flatMap((one) => shadows(one).map((shadow) => found(one, shadow, evidence, target.hosts)))
  },
})

interface Shadow {
  code: Code
  /** Names or positions, from 1. */
  route: string
  before: string
  match: string
  taker: string
}

/** The first route that hides each hidden one. A route is hidden when every match of it is covered by some earlier one. */
function shadows(virtualService: VirtualService): Shadow[] {
  const routes = (virtualService.spec?.http ?? []).map(({ name, match }, index) => ({ name: name ?? `#${index + 1}`, matches: match === undefined || match.length === 0 ? [undefined] : match }))
  return routes.flatMap(({ name, matches }, index): Shadow[] => {
    const earlier = routes.slice(0, index).flatMap((route) => route.matches.map((match) => ({ name: route.name, match })))
    const hiders = matches.map((match) => earlier.find((one) => sameGateways(one.match, match) && covers(conditionsOf(one.match), conditionsOf(match))))
    const [hider] = hiders
    if (hider === undefined || hiders.includes(undefined)) return []
    const same = sameMatch(conditionsOf(hider.match), conditionsOf(matches[0]))
    return [{ code: same ? 'MESH0110' : 'MESH0109', route: name, before: hider.name, match: describeMatch(conditionsOf(matches[0])), taker: describeMatch(conditionsOf(hider.match)) }]
  })
}

/** A match for certain gateways hides only matches for the same ones. */
const sameGateways = (wide: HttpMatch | undefined, narrow: HttpMatch | undefined): boolean => wide?.gateways === undefined || wide.gateways.length === 0 || JSON.stringify(wide.gateways) === JSON.stringify(narrow?.gateways)

function found(virtualService: VirtualService, { code, ...args }: Shadow, evidence: Evidence, hosts: string[]): Found {
  const reading = evidence.seen('virtual-services')[0] ?? { kind: 'virtual-services' as const, source: '', at: '' }
  const live = orderedSo(virtualService, evidence)
  return {
    code, standing: live.length > 0 ? 'live' : 'configured', subject: refOf(virtualService), args: { ...args },
    because: [proof(reading, `${formatRef(refOf(virtualService))}: route ${args.before} (${args.taker}) stands before route ${args.route} (${args.match})`), ...live], scope: hosts,
  }
}

/** Proxies whose own list has a route of the VirtualService behind one that covers it, or has fewer routes than it names (istiod leaves out what a catch-all hides). */
function orderedSo(virtualService: VirtualService, evidence: Evidence): Proof[] {
  const named = (virtualService.spec?.http ?? []).reduce((count, { match }) => count + Math.max(1, match?.length ?? 1), 0)
  return evidence.seen('routes').flatMap((reading) => reading.value.flatMap(({ virtualHosts = [] }) => virtualHosts).flatMap(({ routes = [] }) => {
    const own = routes.filter((route) => { const origin = originOf(route.metadata); return origin !== undefined && sameRef(origin, refOf(virtualService)) })
    if (own.length === 0) return []
    const order = own.map(({ match }) => conditionsOfRoute(match))
    const hidden = order.some((conditions, index) => order.slice(0, index).some((before) => covers(before, conditions)))
    if (!hidden && own.length >= named) return []
    return [proof(reading, `${reading.of?.name ?? 'a proxy'} has ${own.length} of the ${named} matches, in this order`, order.map(describeMatch).join('\n'))]
  }).slice(0, 1))
}
