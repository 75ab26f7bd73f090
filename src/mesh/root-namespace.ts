import { parse } from 'yaml'
import type { ConfigMap, Pod } from './objects.ts'

/** Where Istio is installed unless told otherwise. */
const DEFAULT = 'istio-system'

/**
 * The mesh's root namespace, whose objects act on every namespace: as the mesh configuration has it, else the one that istiod runs in.
 *
 * @param pods those of istiod may be among them
 */
export function rootNamespaceIn(meshConfig: ConfigMap | undefined, pods: readonly Pod[]): string {
  const istiods = pods.filter(({ metadata }) => metadata.labels?.app === 'istiod')
  return configured(meshConfig) ?? meshConfig?.metadata.namespace ?? istiods[0]?.metadata.namespace ?? DEFAULT
}

function configured(meshConfig: ConfigMap | undefined): string | undefined {
  try {
    const { rootNamespace } = (parse(meshConfig?.data?.mesh ?? '') ?? {}) as { rootNamespace?: unknown }
    return typeof rootNamespace === 'string' && rootNamespace !== '' ? rootNamespace : undefined
  } catch {
    return undefined
  }
}
