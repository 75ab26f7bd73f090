import { rootNamespaceOf } from './facts/root-namespace-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import { definesSubset, rulesForCaller, rulesInForce, rulesOfHost } from '../mesh/destination-rules.ts'
import type { ClusterName } from '../mesh/envoy.ts'
import type { DestinationRule, VirtualService } from '../mesh/objects.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import { boundAs, concernsTarget, destinationsOf, hostsOf } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import { absentClusters, presentClusters } from './facts/absent-clusters.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { observed } from './facts/traffic-of.ts'

/** A VirtualService routes to a subset that no DestinationRule defines for the caller, so istiod makes no cluster for it and the caller answers 503 NC. */
export const missingSubset = defineCheck({
  name: 'missing-subset',
  about: 'every subset that a route names is defined by a DestinationRule',
  needs: ['virtual-services', 'destination-rules'],
  confirms: ['routes', 'listeners', 'clusters', 'access-log', 'pods'],
  problems: {
    MESH0101: {
      severity: 'error',
      title: 'subset without DestinationRule',
      says: '{subject} routes to {subsets?subset:subsets} {subsets} of {host}, which no DestinationRule defines',
      remedy:
        'Define {subsets?subset:subsets} {subsets} in a DestinationRule for {host}, or route without {subsets?a subset:subsets}.',
      covers: ['IST0101 host+subset'],
      kiali: ['KIA1107'],
      explains: ['MESH0401', 'MESH0404'],
    },
    MESH0113: {
      severity: 'error',
      title: 'subset hidden from the caller',
      says: '{subject} defines {subsets?subset:subsets} {subsets} of {host}, and callers in namespace {caller} do not get {subsets?it:them}: {reason}',
      remedy:
        'Export {subject} to namespace {caller}, or define {subsets?subset:subsets} {subsets} in the DestinationRule that callers there use.',
      explains: ['MESH0401', 'MESH0404'],
    },
  },
  run(evidence, target) {
    return evidence
      .found('virtual-services')
      .filter(({ object }) => concernsTarget(object, target))
      .flatMap(({ object, reading }) => {
        const rules = evidence.objects('destination-rules')
        const named = subsetsOf(object)
        return [...named].flatMap(([host, subsets]) => {
          const missing = subsets.filter(
            (subset) => !rulesInForce(rules, host).some((rule) => definesSubset(rule, subset)),
          )
          const defined = subsets.filter((subset) => !missing.includes(subset))
          return [
            ...(missing.length === 0 ? [] : [judge(object, reading, host, missing, evidence, target)]),
            ...judgeHidden(object, host, defined, evidence, target),
          ]
        })
      })
  },
})

/** Subsets by host that a VirtualService sends requests to. */
function subsetsOf(virtualService: VirtualService): Map<string, string[]> {
  const named = new Map<string, string[]>()
  for (const { host, subset, mirror, weight } of destinationsOf(virtualService)) {
    const list = named.get(host) ?? []
    if (subset !== undefined && !mirror && weight !== 0 && !list.includes(subset)) named.set(host, [...list, subset])
  }
  return named
}

function judge(
  object: VirtualService,
  reading: Seen,
  host: string,
  subsets: string[],
  evidence: Evidence,
  target: Target,
): Found {
  const subject = refOf(object)
  const configured = proof(
    reading,
    `${formatRef(subject)} names ${subsets.join(', ')}; ${evidence.objects('destination-rules').length} DestinationRules were read, none for ${host} defines ${subsets.length === 1 ? 'it' : 'them'}`,
  )
  const wanted = (cluster: ClusterName): boolean => cluster.host === host && subsets.includes(cluster.subset)
  const live = absentClusters(object, evidence, wanted)
  const against = live.length > 0 ? [] : presentClusters(object, evidence, wanted)
  const seen =
    live.length === 0 ? [] : failing(object, host, rulesOfHost(evidence.objects('destination-rules'), host), evidence)
  return {
    code: 'MESH0101',
    standing: standingOf({ live, observed: seen }),
    subject,
    args: { host, subsets },
    because: [configured, ...live, ...against, ...seen],
    scope: [host, ...target.hosts],
  }
}

/** Requests answered NC since the objects last changed. */
function failing(object: VirtualService, host: string, rules: readonly DestinationRule[], evidence: Evidence): Proof[] {
  const known = boundAs(object, evidence.objects('virtual-services'))
  return observed(
    evidence,
    [host, ...known.flatMap(hostsOf)],
    latestChange([object, ...known, ...rules]),
    'were answered NC',
    ({ flags }) => flags.includes('NC'),
  )
}

/** Subsets that are defined, though not for the proxies that lack their clusters. Never found by the objects alone. */
function judgeHidden(
  object: VirtualService,
  host: string,
  subsets: readonly string[],
  evidence: Evidence,
  target: Target,
): Found[] {
  const rules = evidence.objects('destination-rules')
  const lacking = absentClusters(
    object,
    evidence,
    (cluster) => cluster.host === host && subsets.includes(cluster.subset),
  )
  const byCaller = Map.groupBy(lacking, ({ of }) => of?.namespace ?? '')
  return [...byCaller].flatMap(([caller, live]): Found[] => {
    const used = rulesForCaller(rules, host, caller, rootNamespaceOf(evidence))
    const hidden = subsets.filter((subset) => !used.some((rule) => definesSubset(rule, subset)))
    const definer = evidence
      .found('destination-rules')
      .find(
        ({ object: rule }) =>
          rulesOfHost([rule], host).length > 0 && hidden.some((subset) => definesSubset(rule, subset)),
      )
    if (definer === undefined) return []
    const { exportTo = [], workloadSelector } = definer.object.spec ?? {}
    const [other] = used
    const reason =
      other !== undefined
        ? `they use ${formatRef(refOf(other))}`
        : exportTo.length > 0
          ? `it is exported to ${exportTo.map((entry) => (entry === '.' ? 'its own namespace' : entry)).join(', ')} only`
          : workloadSelector !== undefined
            ? 'its workloadSelector keeps it in its own namespace'
            : 'istiod does not look for it there'
    const seen = failing(object, host, rulesOfHost(rules, host), evidence)
    return [
      {
        code: 'MESH0113',
        standing: standingOf({ live, observed: seen }),
        subject: refOf(definer.object),
        args: { host, subsets: hidden, caller, reason },
        because: [
          proof(
            definer.reading,
            `${formatRef(refOf(definer.object))} defines ${hidden.join(', ')}, which ${formatRef(refOf(object))} routes to`,
          ),
          ...live,
          ...seen,
        ],
        scope: [host, ...target.hosts],
      },
    ]
  })
}
