import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import { toFqdn } from '../mesh/host.ts'
import type { DestinationRule, VirtualService } from '../mesh/objects.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import { concerns, destinationsOf, hostsOf } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import { absentClusters } from './absent-clusters.ts'
import type { Found } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { observed } from './traffic-of.ts'

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
      covers: ['IST0101 host+subset'],
      explains: ['MESH0401', 'MESH0404'],
    },
  },
  run(evidence, target) {
    return evidence.found('virtual-services')
      .filter(({ object }) => concerns(object, target.hosts))
      .flatMap(({ object, reading }) => [...missingOf(object, evidence)].map(([host, subsets]) => judge(object, reading, host, subsets, evidence, target)))
  },
})

/** Subsets by host that the VirtualService sends requests to and no DestinationRule for that host defines. */
function missingOf(virtualService: VirtualService, evidence: Evidence): Map<string, string[]> {
  const missing = new Map<string, string[]>()
  for (const { host, subset, mirror, weight } of destinationsOf(virtualService)) {
    if (subset === undefined || mirror || weight === 0 || rulesFor(host, evidence).some((rule) => (rule.spec?.subsets ?? []).some(({ name }) => name === subset))) continue
    const list = missing.get(host) ?? []
    if (!list.includes(subset)) missing.set(host, [...list, subset])
  }
  return missing
}

const rulesFor = (host: string, evidence: Evidence): DestinationRule[] =>
  evidence.objects('destination-rules').filter((rule) => toFqdn(rule.spec?.host ?? '', rule.metadata.namespace ?? '') === host)

function judge(object: VirtualService, reading: Seen, host: string, subsets: string[], evidence: Evidence, target: Target): Found {
  const subject = refOf(object)
  const configured = proof(reading, `${formatRef(subject)} names ${subsets.join(', ')}; ${evidence.objects('destination-rules').length} DestinationRules were read, none for ${host} defines it`)
  const live = absentClusters(object, evidence, (cluster) => cluster.host === host && subsets.includes(cluster.subset))
  const moment = latestChange([object, ...rulesFor(host, evidence)])
  const seen = live.length === 0 ? [] : observed(evidence, [host, ...hostsOf(object)], moment, 'were answered NC', ({ flags }) => flags.includes('NC'))
  return {
    code: 'MESH0101', standing: seen.length > 0 ? 'observed' : live.length > 0 ? 'live' : 'configured', subject,
    args: { host, subsets }, because: [configured, ...live, ...seen], scope: [host, ...target.hosts],
  }
}
