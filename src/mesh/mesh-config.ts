import { parse } from 'yaml'
import { isFields, type Fields } from './fields.ts'
import type { ConfigMap } from './objects.ts'

/** What the mesh configuration says; nothing when there is none, or when it cannot be read. */
export function meshConfigIn(configMap: ConfigMap | undefined): Fields {
  try {
    const mesh: unknown = parse(configMap?.data?.mesh ?? '')
    return isFields(mesh) ? mesh : {}
  } catch {
    return {}
  }
}
