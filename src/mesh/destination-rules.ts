import { fromFqdn, hostMatches, hostMeant } from './host.ts'
import type { ClientTls, DestinationRule } from './objects.ts'

/** True when an `exportTo` opens an object of one namespace to another; none given opens it to all. */
export function isExportedTo(exportTo: readonly string[] | undefined, own: string, namespace: string): boolean {
  if (exportTo === undefined || exportTo.length === 0) return true
  return exportTo.some((entry) => entry === '*' || entry === namespace || (entry === '.' && own === namespace))
}

/** The host, or the wildcard over hosts, that a DestinationRule speaks of. */
export const hostOfRule = (rule: DestinationRule): string => hostMeant(rule.spec?.host ?? '', rule)

/** The DestinationRules that speak of a host, wherever they are. */
export function rulesOfHost(rules: readonly DestinationRule[], host: string): DestinationRule[] {
  return rules.filter((rule) => hostMatches(hostOfRule(rule), host))
}

/**
 * The DestinationRules that a caller in a namespace uses for a host, as istiod looks them up: those of the caller's own namespace, else those
 * that the service's namespace exports to it, else those of the root namespace; of these, the most exact host wins.
 */
export function rulesForCaller(
  rules: readonly DestinationRule[],
  host: string,
  caller: string,
  root: string,
): DestinationRule[] {
  const all = rulesOfHost(rules, host)
  const service = fromFqdn(host)?.namespace
  const from = (namespace: string): DestinationRule[] => all.filter(({ metadata }) => metadata.namespace === namespace)
  const exported = (rule: DestinationRule): boolean =>
    rule.spec?.workloadSelector === undefined &&
    isExportedTo(rule.spec?.exportTo, rule.metadata.namespace ?? '', caller)
  const levels = [
    caller === root ? [] : from(caller),
    service === undefined ? [] : from(service).filter(exported),
    from(root).filter(exported),
  ]
  const used = levels.find((level) => level.length > 0) ?? []
  return mostExact(used)
}

/** Of DestinationRules that all speak of one host, those that act: for exactly it or, when there are none, for the longest wildcard. */
function mostExact(rules: readonly DestinationRule[]): DestinationRule[] {
  const longest = Math.max(0, ...rules.map((rule) => hostOfRule(rule).length))
  return rules.filter((rule) => hostOfRule(rule).length === longest)
}

/** The DestinationRules that act on a host for some caller: the most exact ones of each namespace. */
export function rulesInForce(rules: readonly DestinationRule[], host: string): DestinationRule[] {
  return [...Map.groupBy(rulesOfHost(rules, host), ({ metadata }) => metadata.namespace ?? '').values()].flatMap(
    mostExact,
  )
}

/** True when a DestinationRule defines a subset. */
export function definesSubset({ spec }: DestinationRule, subset: string): boolean {
  return (spec?.subsets ?? []).some(({ name }) => name === subset)
}

/**
 * The TLS settings a DestinationRule gives callers for one port of its host, or of one of its subsets; undefined leaves them to Istio. Settings without a mode switch
 * TLS off.
 */
export function clientTls({ spec }: DestinationRule, port: number, subset = ''): ClientTls | undefined {
  const own = (spec?.subsets ?? []).find(({ name }) => name === subset)?.trafficPolicy
  const ports = own?.portLevelSettings ?? spec?.trafficPolicy?.portLevelSettings ?? []
  const settings = ports.find((one) => one.port?.number === port)
  const tls = settings === undefined ? (own?.tls ?? spec?.trafficPolicy?.tls) : settings.tls
  return tls === undefined ? undefined : { ...tls, mode: tls.mode ?? 'DISABLE' }
}
