import { parse } from 'yaml'
import type { ConfigMap } from './objects.ts'

/** What Istio takes when the mesh configuration names none, whatever the cluster's own domain is. */
const TRUST_DOMAIN = 'cluster.local'

/** The mesh's trust domain, the first part of every identity, as its configuration has it. */
export function trustDomainOf(meshConfig: ConfigMap | undefined): string {
  try {
    const mesh = parse(meshConfig?.data?.mesh ?? '') as { trustDomain?: string } | null
    return mesh?.trustDomain ?? TRUST_DOMAIN
  } catch {
    return TRUST_DOMAIN
  }
}
