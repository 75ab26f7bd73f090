import { isFields, type Fields } from '../mesh/fields.ts'
import type { KubernetesObject } from '../mesh/objects.ts'
import { merge } from './merge.ts'

/**
 * What a field manager owns of an object by server-side apply, with its values. When it applies again, fields of these that it leaves out
 * are taken away.
 */
export function ownedFields(object: KubernetesObject, manager: string): Fields {
  const {
    apiVersion = '',
    metadata: { managedFields = [] },
  } = object
  const entries = managedFields.filter(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && entry.subresource === undefined,
  )
  return entries.reduce<Fields>((owned, entry) => {
    const { fieldsV1 } = entry as { fieldsV1?: unknown }
    const part = isFields(fieldsV1) ? extract(object, fieldsV1) : undefined
    return isFields(part) ? (merge(owned, part, apiVersion) as Fields) : owned
  }, {})
}

/** Follows managedFields' own notation: `f:NAME` a field, `k:{…}` an item by its keys, `v:VALUE` an item of a set, `.` the thing itself. */
function extract(value: unknown, owned: Fields): unknown {
  const inside = Object.entries(owned).filter(([key]) => key !== '.')
  if (inside.length === 0) return value
  if (Array.isArray(value)) return inside.flatMap(([key, rest]) => items(value, key, isFields(rest) ? rest : {}))
  if (!isFields(value)) return undefined
  const fields = inside.flatMap(([key, rest]): [string, unknown][] => {
    const name = key.slice(2)
    const part = key.startsWith('f:') && name in value ? extract(value[name], isFields(rest) ? rest : {}) : undefined
    return part === undefined ? [] : [[name, part]]
  })
  return Object.fromEntries(fields)
}

function items(list: readonly unknown[], key: string, rest: Fields): unknown[] {
  let wanted: unknown
  try {
    wanted = JSON.parse(key.slice(2))
  } catch {
    return []
  }
  if (key.startsWith('v:')) return list.filter((item) => item === wanted).slice(0, 1)
  if (!key.startsWith('k:') || !isFields(wanted)) return []
  const found = list.find(
    (item) => isFields(item) && Object.entries(wanted).every(([name, value]) => item[name] === value),
  )
  const part = found === undefined ? undefined : extract(found, rest)
  return part === undefined ? [] : [isFields(part) ? { ...wanted, ...part } : part]
}
