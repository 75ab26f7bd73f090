import { meshConfigIn } from './mesh-config.ts'
import type { ConfigMap } from './objects.ts'

/** What Istio takes when the mesh configuration names none, whatever the cluster's own domain is. */
const TRUST_DOMAIN = 'cluster.local'

/** The mesh's trust domain, the first part of every identity, as its configuration has it. */
export function trustDomainOf(meshConfig: ConfigMap | undefined): string {
  const { trustDomain } = meshConfigIn(meshConfig)
  return typeof trustDomain === 'string' ? trustDomain : TRUST_DOMAIN
}
