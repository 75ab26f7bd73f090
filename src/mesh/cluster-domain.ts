import type { Container, Pod } from './objects.ts'
import { table } from './table.ts'

/** What istiod and the sidecars run as, and what stands before the domain in their `--domain`: nothing, and the pod's namespace. */
const CONTAINERS: Readonly<Record<string, RegExp>> = table({
  discovery: /^()(.+)$/,
  'istio-proxy': /^([^.]+)\.svc\.(.+)$/,
})

/** The domain that one container was told; `--domain` and its value are one argument or two. */
function toldTo({ name, args = [] }: Container): string | undefined {
  const at = args.findIndex((arg) => arg === '--domain' || arg.startsWith('--domain='))
  const value = args[at]?.split('=')[1] ?? args[at + 1]
  return at === -1 || value === undefined ? undefined : CONTAINERS[name]?.exec(value)?.[2]
}

/** The DNS domain that Services live under, as istiod was told or else the sidecars were; undefined when none of the pods says so. */
export function clusterDomainOf(pods: readonly Pod[]): string | undefined {
  const told = pods
    .flatMap(({ spec }) => [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])])
    .flatMap((container) => {
      const domain = container.name in CONTAINERS ? toldTo(container) : undefined
      return domain === undefined ? [] : [{ by: container.name, domain }]
    })
  return (told.find(({ by }) => by === 'discovery') ?? told[0])?.domain
}
