import { hostMatches } from './host.ts'
import type { Pod, Sidecar } from './objects.ts'
import { selects } from './objects.ts'

/**
 * The Sidecar that shapes a pod's outgoing traffic, as istiod picks it: one of its namespace that selects it, else one of its namespace without
 * selector, else one of the root namespace without selector; undefined when there is none.
 */
export function sidecarFor(pod: Pod, sidecars: readonly Sidecar[], root: string): Sidecar | undefined {
  const near = sidecars.filter(({ metadata }) => metadata.namespace === pod.metadata.namespace)
  const general = ({ spec }: Sidecar): boolean => spec?.workloadSelector === undefined
  return (
    near.find(({ spec }) => selects(spec?.workloadSelector?.labels, pod.metadata.labels)) ??
    near.find(general) ??
    sidecars.find((one) => one.metadata.namespace === root && general(one))
  )
}

/**
 * True when the Sidecar lets its pods see a host of a namespace; one without `egress` lets them see everything.
 *
 * @param port that is asked for: a listener for that very port decides alone, and one for another port has no say; at some port, when it is not given
 */
export function showsHost({ metadata, spec }: Sidecar, host: string, namespace: string, port?: number): boolean {
  const { egress } = spec ?? {}
  if (egress === undefined || egress.length === 0) return true
  const own = egress.filter((one) => one.port?.number === port)
  const deciding = port === undefined ? egress : own.length > 0 ? own : egress.filter((one) => one.port === undefined)
  return deciding.some(({ hosts = [] }) =>
    hosts.some((entry) => {
      const slash = entry.indexOf('/')
      const [from, pattern] = slash === -1 ? ['*', entry] : [entry.slice(0, slash), entry.slice(slash + 1)]
      return (
        (from === '*' || from === namespace || (from === '.' && metadata.namespace === namespace)) &&
        hostMatches(pattern, host)
      )
    }),
  )
}
