import { parseClusterName, routesIn, type Route } from '../../mesh/envoy.ts'
import { fact } from './fact.ts'

/** Routes of the proxies that were read that send to the target and rewrite the path. */
const rewriting = fact((evidence, target): readonly Route[] =>
  evidence
    .seen('routes')
    .flatMap(({ value }) => routesIn(value))
    .filter(({ route = {} }) => {
      const clusters = [route.cluster, ...(route.weightedClusters?.clusters ?? []).map(({ name }) => name)]
      return (
        (route.prefixRewrite ?? route.regexRewrite) !== undefined &&
        clusters.some((name) => target.hosts.includes(parseClusterName(name ?? '')?.host ?? ''))
      )
    }),
)

/** True for a path that some route rewrites on the way: Istio's proxies log it as it was before, and what the target's own proxy judged is another. */
export const isRewritten = fact(
  (evidence, target) =>
    (path: string): boolean =>
      rewriting(evidence, target).some(({ match: { prefix, pathSeparatedPrefix, path: whole } = {} }) =>
        path.startsWith(prefix ?? pathSeparatedPrefix ?? whole ?? ''),
      ),
)
