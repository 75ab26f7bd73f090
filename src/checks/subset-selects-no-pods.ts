import { labelsText } from '../mesh/labels.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { clustersOfRoute, parseClusterName } from '../mesh/envoy.ts'
import { hostOfRule } from '../mesh/destination-rules.ts'
import { fromFqdn } from '../mesh/host.ts'
import { nearestNames } from '../mesh/names.ts'
import type { DestinationRule, Pod } from '../mesh/objects.ts'
import { latestChange, refOf, selects } from '../mesh/objects.ts'
import { destinationsOf } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { observed } from './facts/traffic-of.ts'
import { virtualServicesFor } from './facts/proxies-of.ts'
import { readingFor } from './facts/readings.ts'

/** A subset's labels are on no pod of its Service: the cluster is there, and empty. */
export const subsetSelectsNoPods = defineCheck({
  name: 'subset-selects-no-pods',
  about: 'every subset of the DestinationRules selects pods',
  needs: ['destination-rules', 'virtual-services', 'services', 'pods'],
  confirms: ['routes', 'clusters', 'endpoints', 'access-log'],
  problems: {
    MESH0102: {
      severity: 'error',
      title: 'subset without pods',
      explains: ['MESH0401', 'MESH0404'],
      covers: ['IST0173'],
      kiali: ['KIA0203'],
      says: '{subsets?Subset:Subsets} {subsets} of {subject} {subsets?selects:select} {labels}, which no pod of {host} has, and requests are routed to it',
      remedy: 'Select labels that pods of {host} have ({nearest}), or run pods with {labels}.',
    },
    MESH0111: {
      severity: 'warning',
      title: 'unused subset without pods',
      covers: ['IST0173'],
      kiali: ['KIA0203'],
      says: '{subsets?Subset:Subsets} {subsets} of {subject} {subsets?selects:select} {labels}, which no pod of {host} has; no request depends on it yet',
      remedy: 'Select labels that pods of {host} have ({nearest}), or remove the subset.',
    },
  },
  run(evidence, target) {
    return evidence.objects('destination-rules').flatMap((rule) => {
      const host = hostOfRule(rule)
      const pods = target.hosts.includes(host) ? podsBehind(host, evidence) : undefined
      return pods === undefined || pods.length === 0 ? [] : judge(rule, host, pods, evidence, target)
    })
  },
})

/** The pods of a host's Service; undefined when there is no such Service, or it selects none by labels. */
function podsBehind(host: string, evidence: Evidence): Pod[] | undefined {
  const { name, namespace } = fromFqdn(host) ?? {}
  if (name === undefined || namespace === undefined) return undefined
  const selector = evidence.object('services', namespace, name)?.spec?.selector
  return selector === undefined
    ? undefined
    : evidence
        .objects('pods')
        .filter(
          (pod) =>
            pod.metadata.namespace === namespace &&
            selects(selector, pod.metadata.labels) &&
            !['Succeeded', 'Failed'].includes(pod.status?.phase ?? ''),
        )
}

function judge(rule: DestinationRule, host: string, pods: readonly Pod[], evidence: Evidence, target: Target): Found[] {
  const empty = (rule.spec?.subsets ?? []).filter(
    ({ labels }) => Object.keys(labels ?? {}).length > 0 && !pods.some((pod) => selects(labels, pod.metadata.labels)),
  )
  const routed = virtualServicesFor(evidence, target)
  const used = (name: string): boolean =>
    routed.some((one) =>
      destinationsOf(one).some((to) => to.host === host && to.subset === name && to.weight !== 0 && !to.mirror),
    )
  return (
    [
      ['MESH0102', empty.filter(({ name }) => used(name))],
      ['MESH0111', empty.filter(({ name }) => !used(name))],
    ] as const
  ).flatMap(([code, subsets]): Found[] => {
    if (subsets.length === 0) return []
    const names = subsets.map(({ name }) => name)
    const labels = subsets.map((one) => labelsText(one.labels))
    const reading = readingFor('destination-rules', evidence)
    const { live, against } = emptyClusters(host, names, code === 'MESH0102', evidence)
    const moment = latestChange([rule, ...routed])
    const seen =
      live.length === 0
        ? []
        : observed(
            evidence,
            [host],
            moment,
            'found no healthy upstream',
            ({ flags, upstreamCluster }) =>
              flags.includes('UH') && names.includes(parseClusterName(upstreamCluster ?? '')?.subset ?? ''),
          )
    return [
      {
        code,
        standing: standingOf({ live, observed: seen }),
        subject: refOf(rule),
        args: {
          subsets: names,
          labels,
          host,
          nearest: nearest(
            labels,
            subsets.flatMap((one) => Object.keys(one.labels ?? {})),
            pods,
          ),
        },
        because: [
          proof(reading, `${pods.length} pods are behind ${host}; none has ${labels.join(' or ')}`),
          ...live,
          ...against,
          ...seen,
        ],
        scope: [host, ...target.hosts],
      },
    ]
  })
}

function nearest(labels: readonly string[], keys: readonly string[], pods: readonly Pod[]): string[] {
  const there = [...new Set(pods.flatMap((pod) => keys.map((key) => `${key}=${pod.metadata.labels?.[key] ?? ''}`)))]
  const near = [...new Set(labels.flatMap((label) => nearestNames(label, there)))]
  return near.length === 0 ? there : near
}

/**
 * Proxies whose cluster for one of the subsets is there and has no endpoint; those that have endpoints in all of them speak against it.
 * For a subset that is `used`, only clusters count that a route of the same proxy leads to.
 */
function emptyClusters(
  host: string,
  subsets: readonly string[],
  used: boolean,
  evidence: Evidence,
): { live: Proof[]; against: Proof[] } {
  const looks = evidence.seen('endpoints').flatMap((endpoints) => {
    const { of } = endpoints
    if (of === undefined) return []
    const routed =
      evidence
        .seenOf('routes', of)
        ?.value.flatMap(({ virtualHosts = [] }) =>
          virtualHosts.flatMap(({ routes = [] }) => routes.flatMap(clustersOfRoute)),
        ) ?? []
    const names = (evidence.seenOf('clusters', of)?.value ?? []).flatMap(({ name = '' }) => {
      const parsed = parseClusterName(name)
      return parsed?.host === host && subsets.includes(parsed.subset) && (!used || routed.includes(name)) ? [name] : []
    })
    const empty = names.filter(
      (name) => (endpoints.value.find((one) => one.name === name)?.hostStatuses ?? []).length === 0,
    )
    return names.length === 0 ? [] : [{ endpoints, names, empty, proxy: of.name }]
  })
  const live = looks
    .filter(({ empty }) => empty.length > 0)
    .map(({ endpoints, empty, proxy }) =>
      proof(endpoints, `${proxy} has the cluster ${empty.join(', ')} and no endpoint in it`),
    )
  const against =
    live.length > 0
      ? []
      : looks.map(({ endpoints, names, proxy }) =>
          proof(endpoints, `contradicted: ${proxy} has endpoints in ${names.join(', ')}`),
        )
  return { live, against }
}
