import { nearestNames } from './names.ts'
import type { KubernetesObject } from './objects.ts'
import { inDomain } from './objects.ts'

/** The DNS domain a cluster's Services live under, unless the mesh says otherwise. */
export const CLUSTER_DOMAIN = 'cluster.local'

const SERVICE_FQDN = /^([^.]+)\.([^.]+)\.svc(?:\.[^.]+)+$/

/** `catalog` in namespace `shop` → `catalog.shop.svc.cluster.local`. */
export function serviceHost(name: string, namespace: string, domain = CLUSTER_DOMAIN): string {
  return `${name}.${namespace}.svc.${domain}`
}

/**
 * The host an Istio object means: only a name without dots is completed with the object's own namespace, as istiod does;
 * `catalog.shop` stays as it is (a common mistake that checks look for).
 */
export function toFqdn(host: string, namespace: string, domain = CLUSTER_DOMAIN): string {
  return host.includes('.') || host === '*' || host === '' ? host : serviceHost(host, namespace, domain)
}

/** The host that an object means by a name, as `toFqdn` does for its namespace and cluster. */
export function hostMeant(host: string, { metadata, [inDomain]: domain }: KubernetesObject): string {
  return toFqdn(host, metadata.namespace ?? '', domain)
}

/** A Service's own host. */
export function hostOfService({ metadata: { name, namespace = '' }, [inDomain]: domain }: KubernetesObject): string {
  return serviceHost(name, namespace, domain)
}

/** A host that ends in `.svc` with the cluster's domain after it, as resolvers of the cluster find it; any other host as it is. */
export const withDomain = (host: string, domain: string): string => (host.endsWith('.svc') ? `${host}.${domain}` : host)

/** Service name and namespace of a Service's FQDN, `NAME.NAMESPACE.svc.` and whatever domain its cluster has; undefined for any other host. */
export function fromFqdn(host: string): { name: string; namespace: string } | undefined {
  const [, name, namespace] = SERVICE_FQDN.exec(host) ?? []
  return name === undefined || namespace === undefined ? undefined : { name, namespace }
}

/** True when the pattern (`*`, `*.example.com` or exact) takes the host. Hosts compare without case. */
export function hostMatches(pattern: string, host: string): boolean {
  const [p, h] = [pattern.toLowerCase(), host.toLowerCase()]
  if (p === '*' || p === h) return true
  return p.startsWith('*') && h.length > p.length - 1 && h.endsWith(p.slice(1))
}

/** Tells the hosts that any of the patterns takes, as `hostMatches` does for one: for thousands of patterns, without a look at each. */
export function takenByAny(patterns: readonly string[]): (host: string) => boolean {
  const all = new Set(patterns.map((pattern) => pattern.toLowerCase()))
  if (all.has('*')) return () => true
  const ends = new Set([...all].filter((pattern) => pattern.startsWith('*')).map((pattern) => pattern.slice(1)))
  const lengths = [...new Set([...ends].map(({ length }) => length))]
  return (host) => {
    const asked = host.toLowerCase()
    return all.has(asked) || lengths.some((length) => asked.length > length && ends.has(asked.slice(-length)))
  }
}

/** True when some host is taken by both patterns. */
export function hostsOverlap(a: string, b: string): boolean {
  return hostMatches(a, b) || hostMatches(b, a)
}

/** A Gateway server's host without its `namespace/` part: `shop/*.example.com` → `*.example.com`. */
export function gatewayHost(host: string): { namespace: string; host: string } {
  const slash = host.indexOf('/')
  return slash === -1 ? { namespace: '*', host } : { namespace: host.slice(0, slash), host: host.slice(slash + 1) }
}

/** The hosts nearest to one: for a Service's, those of like name in its namespace and of the same name elsewhere (the domain they share would make any two alike). */
export function nearestHosts(host: string, hosts: Iterable<string>): string[] {
  const wanted = fromFqdn(host)
  if (wanted === undefined) return nearestNames(host, hosts)
  const services = [...hosts].flatMap((known) => {
    const service = fromFqdn(known)
    return service === undefined ? [] : [{ known, ...service }]
  })
  const here = services.filter(({ namespace }) => namespace === wanted.namespace)
  const near = nearestNames(
    wanted.name,
    here.map(({ name }) => name),
  ).flatMap((name) => here.filter((one) => one.name === name))
  const elsewhere = services.filter(({ name, namespace }) => name === wanted.name && namespace !== wanted.namespace)
  return [...near, ...elsewhere].map(({ known }) => known)
}
