import type { Evidence } from '../../evidence/evidence.ts'
import type { AnalyzerMessage } from '../../mesh/analyzer.ts'
import type { ClusterName } from '../../mesh/envoy.ts'
import { originOf, parseClusterName } from '../../mesh/envoy.ts'
import { hostMatches, toFqdn } from '../../mesh/host.ts'
import { sameRef } from '../../mesh/ref.ts'
import type { Proof } from '../check.ts'
import { proof } from '../check.ts'

/** What the proxies themselves say against an analyzer's message: they have what it says is missing. Empty when they do not, or nothing of theirs tells. */
export function contradiction({ code, message, origin }: AnalyzerMessage, evidence: Evidence): Proof[] {
  const quoted = /"([^"]+)"/.exec(message)?.[1] ?? ''
  const fqdn = (host: string): string => toFqdn(host, origin?.namespace ?? '', evidence.clusterDomain)
  if (code === 'IST0101' && message.startsWith('Referenced host not found'))
    return hasCluster(evidence, ({ host }) => host === fqdn(quoted))
  if (code === 'IST0101' && message.startsWith('Referenced host:port not found')) {
    const [host = '', port] = quoted.split(':')
    return hasCluster(evidence, (cluster) => cluster.host === fqdn(host) && cluster.port === Number(port))
  }
  if (code === 'IST0101' && message.startsWith('Referenced host+subset')) {
    const [host = '', subset] = quoted.split('+')
    return hasCluster(evidence, (cluster) => cluster.host === fqdn(host) && cluster.subset === subset)
  }
  if (code === 'IST0101' && message.startsWith('Referenced gateway not found'))
    return hasRoutes(evidence, origin, undefined)
  if (code === 'IST0132')
    return hasRoutes(
      evidence,
      origin,
      /\[([^\]]*)\]/
        .exec(message)?.[1]
        ?.split(/[\s,]+/)
        .filter((host) => host !== ''),
    )
  if (code === 'IST0173') return hasEndpoints(evidence, origin, /Subset (\S+) defined/.exec(message)?.[1])
  return []
}

function hasCluster(evidence: Evidence, wanted: (cluster: ClusterName) => boolean): Proof[] {
  return evidence.seen('clusters').flatMap((reading) => {
    const there = reading.value.flatMap(({ name = '' }) => {
      const parsed = parseClusterName(name)
      return parsed !== undefined && wanted(parsed) ? [name] : []
    })
    return there.length === 0
      ? []
      : [proof(reading, `contradicted: ${reading.of?.name ?? 'a proxy'} has the cluster ${there.join(', ')}`)]
  })
}

/** Routes made from the object for every one of the hosts, at a proxy that is a gateway (its route configurations are named `http.PORT` or `https.…`). */
function hasRoutes(
  evidence: Evidence,
  origin: AnalyzerMessage['origin'],
  hosts: readonly string[] | undefined,
): Proof[] {
  if (origin === undefined) return []
  return evidence.seen('routes').flatMap((reading) => {
    const own = reading.value
      .filter(({ name = '' }) => /^https?\./.test(name))
      .flatMap(({ virtualHosts = [] }) => virtualHosts)
      .filter(({ routes = [] }) =>
        routes.some((route) => {
          const made = originOf(route.metadata)
          return made !== undefined && sameRef(made, origin)
        }),
      )
    const domains = own.flatMap((host) => host.domains ?? [])
    if (
      own.length === 0 ||
      hosts?.every((host) => domains.some((domain) => hostMatches(domain.replace(/:\d+$/, ''), host))) === false
    )
      return []
    return [
      proof(reading, `contradicted: ${reading.of?.name ?? 'a gateway'} has routes made from it`, domains.join('\n')),
    ]
  })
}

/** Endpoints in every cluster of the object's subset. */
function hasEndpoints(evidence: Evidence, origin: AnalyzerMessage['origin'], subset: string | undefined): Proof[] {
  if (origin === undefined || subset === undefined) return []
  return evidence.seen('endpoints').flatMap((reading) => {
    const clusters = reading.of === undefined ? undefined : evidence.seenOf('clusters', reading.of)
    const names = (clusters?.value ?? []).flatMap(({ name = '', metadata }) => {
      const made = originOf(metadata)
      return made !== undefined && sameRef(made, origin) && parseClusterName(name)?.subset === subset ? [name] : []
    })
    const filled = names.filter(
      (name) => (reading.value.find((one) => one.name === name)?.hostStatuses ?? []).length > 0,
    )
    return names.length === 0 || filled.length < names.length
      ? []
      : [proof(reading, `contradicted: ${reading.of?.name ?? 'a proxy'} has endpoints in ${filled.join(', ')}`)]
  })
}
