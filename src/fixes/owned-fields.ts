import type { KubernetesObject } from '../mesh/objects.ts'

/** Fields of an object, as JSON. */
export type Fields = Record<string, unknown>

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What tells the items of Kubernetes' lists apart, by the list's name. Lists that are not here are one value, as all of Istio's are. */
const ITEM_KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  volumes: ['name'],
  env: ['name'],
  imagePullSecrets: ['name'],
  volumeMounts: ['mountPath'],
  ports: ['port', 'containerPort', 'protocol'],
}

/** The keys of a list's items; undefined for a list that is one value. */
export function itemKeys(apiVersion: string, list: string): readonly string[] | undefined {
  return apiVersion.includes('istio.io/') ? undefined : ITEM_KEYS[list]
}

/** True when two items of a list are the same one. */
export const sameItem = (keys: readonly string[], a: unknown, b: unknown): boolean =>
  isFields(a) &&
  isFields(b) &&
  keys.every(
    (key) =>
      (a[key] ?? (key === 'protocol' ? 'TCP' : undefined)) === (b[key] ?? (key === 'protocol' ? 'TCP' : undefined)),
  )

/** One on top of the other: maps and lists with keys are joined, everything else is the upper one's. */
export function laidOver(lower: unknown, upper: unknown, apiVersion: string, name = ''): unknown {
  if (isFields(lower) && isFields(upper)) {
    return Object.fromEntries(
      [...new Set([...Object.keys(lower), ...Object.keys(upper)])].map((key) => [
        key,
        key in upper ? laidOver(lower[key], upper[key], apiVersion, key) : lower[key],
      ]),
    )
  }
  const keys = itemKeys(apiVersion, name)
  if (keys === undefined || !Array.isArray(lower) || !Array.isArray(upper)) return upper
  const below: unknown[] = lower
  const above: unknown[] = upper
  const joined = above.map((item) =>
    laidOver(
      below.find((one) => sameItem(keys, one, item)),
      item,
      apiVersion,
    ),
  )
  return [...joined, ...below.filter((one) => !above.some((item) => sameItem(keys, one, item)))]
}

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
    return isFields(part) ? (laidOver(owned, part, apiVersion) as Fields) : owned
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
