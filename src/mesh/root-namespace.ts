import { meshConfigIn } from './mesh-config.ts'
import type { ConfigMap, Pod } from './objects.ts'
import { isIstiod } from './pods.ts'

/** Where Istio is installed unless told otherwise. */
const DEFAULT = 'istio-system'

/**
 * The mesh's root namespace, whose objects act on every namespace: as the mesh configuration has it, else the one that istiod runs in.
 *
 * @param pods those of istiod may be among them
 */
export function rootNamespaceIn(meshConfig: ConfigMap | undefined, pods: readonly Pod[]): string {
  const { rootNamespace } = meshConfigIn(meshConfig)
  if (typeof rootNamespace === 'string' && rootNamespace !== '') return rootNamespace
  return meshConfig?.metadata.namespace ?? pods.find(isIstiod)?.metadata.namespace ?? DEFAULT
}
