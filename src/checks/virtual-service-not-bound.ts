import type { Evidence } from '../evidence/evidence.ts'
import { originOf } from '../mesh/envoy.ts'
import { nearestNames } from '../mesh/names.ts'
import type { Gateway, VirtualService } from '../mesh/objects.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import { boundHosts, concerns, gatewayKey, gatewaysOf, hostsOf } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import type { Args, Code, Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { observed } from './traffic-of.ts'

/** A VirtualService is meant for a gateway that is not there or does not take its hosts, so the gateway answers 404 NR. */
export const virtualServiceNotBound = defineCheck({
  name: 'virtual-service-not-bound',
  about: 'every VirtualService is bound to gateways that exist and take its hosts',
  needs: ['virtual-services', 'gateways'],
  confirms: ['routes', 'access-log'],
  problems: {
    MESH0105: {
      severity: 'error', title: 'gateway does not take the host', explains: ['MESH0401', 'MESH0404'], covers: ['IST0132'],
      says: '{subject} is for {hosts}, and none of the servers of Gateway {gateway} takes that host (they take {taken})',
      remedy: 'Add {hosts} to a server of Gateway {gateway}, or bind {subject} to a gateway that takes it.',
    },
    MESH0106: {
      severity: 'error', title: 'gateway does not exist', explains: ['MESH0401', 'MESH0404'], covers: ['IST0101 Referenced gateway', 'IST0132'],
      says: '{subject} is bound to Gateway {gateway}, which does not exist',
      remedy: 'Bind {subject} to a Gateway that exists; nearest: {nearest}.',
    },
  },
  run(evidence, target) {
    return evidence.objects('virtual-services').filter((one) => concerns(one, target.hosts)).flatMap((one) =>
      gatewaysOf(one).filter((key) => key !== 'mesh').flatMap((key) => judge(one, key, evidence, target)))
  },
})

function judge(virtualService: VirtualService, key: string, evidence: Evidence, target: Target): Found[] {
  const gateways = evidence.objects('gateways')
  const gateway = gateways.find((one) => gatewayKey(one) === key)
  if (gateway === undefined) {
    const nearest = nearestNames(key, gateways.map(gatewayKey))
    return [found('MESH0106', virtualService, { gateway: key, nearest: nearest.length === 0 ? 'none is near' : nearest }, `there is no Gateway ${key} among the ${gateways.length} that were read`, gateways, evidence, target)]
  }
  if (boundHosts(gateway, virtualService).length > 0) return []
  const taken = (gateway.spec?.servers ?? []).flatMap(({ hosts = [] }) => hosts)
  return [found('MESH0105', virtualService, { gateway: key, hosts: hostsOf(virtualService), taken: taken.length === 0 ? 'nothing' : taken }, `the servers of Gateway ${key} take ${taken.join(', ') || 'nothing'}`, [gateway], evidence, target)]
}

function found(code: Code, object: VirtualService, args: Args, says: string, gateways: readonly Gateway[], evidence: Evidence, target: Target): Found {
  const subject = refOf(object)
  const reading = evidence.seen('gateways')[0] ?? { kind: 'gateways' as const, source: '', at: '' }
  const live = unroutedAt(object, evidence, target)
  const seen = live.length === 0 ? [] : observed(evidence, hostsOf(object), latestChange([object, ...gateways]), 'were answered 404 NR', ({ flags }) => flags.includes('NR'))
  return {
    code, standing: seen.length > 0 ? 'observed' : live.length > 0 ? 'live' : 'configured', subject, args,
    because: [proof(reading, `${formatRef(subject)} is for ${hostsOf(object).join(', ')}; ${says}`), ...live, ...seen], scope: [...hostsOf(object), ...target.hosts],
  }
}

/** Gateways that could take the hosts and have no route of the VirtualService; none as soon as one has it, for then it is bound after all. */
function unroutedAt(object: VirtualService, evidence: Evidence, target: Target): Proof[] {
  const readings = evidence.seen('routes').filter(({ of }) => of !== undefined && !target.pods.some((pod) => sameRef(pod, of)))
  const routed = readings.some(({ value }) => value.some(({ virtualHosts = [] }) => virtualHosts.some(({ routes = [] }) => routes.some((route) => { const origin = originOf(route.metadata); return origin !== undefined && sameRef(origin, refOf(object)) }))))
  if (routed) return []
  return readings.map((reading) => {
    const domains = reading.value.flatMap(({ name = '', virtualHosts = [] }) => virtualHosts.map((one) => `${name}: ${(one.domains ?? []).join(', ')}`))
    return proof(reading, `${reading.of?.name ?? 'a gateway'} has no route made from ${formatRef(refOf(object))}`, domains.length === 0 ? 'it has no routes at all' : `virtual hosts:\n${domains.slice(0, 20).join('\n')}`)
  })
}
