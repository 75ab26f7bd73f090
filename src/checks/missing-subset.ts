import type { Evidence } from '../evidence/evidence.ts'
import type { EvidenceKind, Seen } from '../evidence/reading.ts'
import { failed, since } from '../mesh/access-log.ts'
import { clustersOfRoute, originOf, parseClusterName } from '../mesh/envoy.ts'
import { toFqdn } from '../mesh/host.ts'
import type { DestinationRule, VirtualService } from '../mesh/objects.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import { concerns, destinationsOf, hostsOf } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import type { Found, Proof, Standing } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { isForHosts } from './traffic-of.ts'

/** A VirtualService routes to a subset that no DestinationRule defines, so istiod makes no cluster for it and the caller answers 503 NC. */
export const missingSubset = defineCheck({
  name: 'missing-subset',
  about: 'every subset that a route names is defined by a DestinationRule',
  needs: ['virtual-services', 'destination-rules'],
  confirms: ['routes', 'clusters', 'access-log'],
  problems: {
    MESH0101: {
      severity: 'error',
      title: 'subset without DestinationRule',
      says: '{subject} routes to subset {subsets} of {host}, which no DestinationRule defines',
      remedy: 'Define {subsets} in a DestinationRule for {host}, or route without a subset.',
      covers: ['IST0101'],
      explains: ['MESH0401'],
    },
  },
  run(evidence, target) {
    return evidence.found('virtual-services')
      .filter(({ object }) => concerns(object, target.hosts))
      .flatMap(({ object, reading }) => [...missingOf(object, evidence)].map(([host, subsets]) => judgeHost({ object, reading }, host, subsets, evidence, target)))
  },
})

/** Subsets by host that the VirtualService names and no DestinationRule for that host defines. */
function missingOf(virtualService: VirtualService, evidence: Evidence): Map<string, string[]> {
  const missing = new Map<string, string[]>()
  for (const { host, subset, mirror } of destinationsOf(virtualService)) {
    if (subset === undefined || mirror || rulesFor(host, evidence).some((rule) => (rule.spec?.subsets ?? []).some(({ name }) => name === subset))) continue
    const list = missing.get(host) ?? []
    if (!list.includes(subset)) missing.set(host, [...list, subset])
  }
  return missing
}

const rulesFor = (host: string, evidence: Evidence): DestinationRule[] =>
  evidence.objects('destination-rules').filter((rule) => toFqdn(rule.spec?.host ?? '', rule.metadata.namespace ?? '') === host)

function judgeHost({ object, reading }: { object: VirtualService; reading: Seen }, host: string, subsets: string[], evidence: Evidence, target: Target): Found {
  const subject = refOf(object)
  const because: [Proof, ...Proof[]] = [proof(reading, `${formatRef(subject)} names ${subsets.join(', ')}; ${evidence.objects('destination-rules').length} DestinationRules were read, none for ${host} defines it`)]
  const live = absentClusters(object, host, subsets, evidence)
  because.push(...live)
  const moment = latestChange([object, ...rulesFor(host, evidence)])
  const observed = live.length === 0 ? [] : failures(host, hostsOf(object), moment, evidence)
  because.push(...observed)
  const standing: Standing = observed.length > 0 ? 'observed' : live.length > 0 ? 'live' : 'configured'
  return { code: 'MESH0101', standing, subject, args: { host, subsets }, because, scope: [host, ...target.hosts] }
}

/** Proxies that have the route but not the cluster it leads to. */
function absentClusters(virtualService: VirtualService, host: string, subsets: string[], evidence: Evidence): Proof[] {
  return evidence.seen('routes').flatMap((routes) => {
    const clusters = routes.of === undefined ? undefined : evidence.seenOf('clusters', routes.of)
    if (clusters === undefined) return []
    const named = new Set(routes.value.flatMap(({ virtualHosts = [] }) => virtualHosts.flatMap((one) => (one.routes ?? [])
      .filter((route) => { const origin = originOf(route.metadata); return origin !== undefined && sameRef(origin, refOf(virtualService)) })
      .flatMap(clustersOfRoute))))
    const present = new Set(clusters.value.map(({ name }) => name))
    const absent = [...named].filter((name) => { const parsed = parseClusterName(name); return parsed?.host === host && subsets.includes(parsed.subset) && !present.has(name) })
    if (absent.length === 0) return []
    const others = clusters.value.flatMap(({ name = '' }) => (parseClusterName(name)?.host === host ? [name] : []))
    return [proof(clusters as Seen<EvidenceKind>, `${routes.of?.name ?? ''} routes to ${absent.join(', ')} and has no such cluster`, others.length === 0 ? undefined : `clusters of ${host}:\n${others.join('\n')}`)]
  })
}

/** Requests that a caller's proxy answered NC since the objects last changed. */
function failures(host: string, hosts: string[], moment: number, evidence: Evidence): Proof[] {
  return evidence.seen('access-log').flatMap((log) => {
    const hit = since(log.value.lines, moment).filter((entry) => entry.flags.includes('NC') && failed(entry) && isForHosts(entry, [host, ...hosts]))
    const last = hit.at(-1)
    return last === undefined ? [] : [proof(log, `${hit.length} requests answered ${last.code} NC since the last change`, `${last.at} ${last.method ?? ''} ${last.path ?? ''} ${last.code} NC ${last.details ?? ''} ${last.authority ?? ''}`)]
  })
}

