import { isFields } from '../mesh/fields.ts'
import { table } from '../mesh/table.ts'

/** What tells the items of lists of Kubernetes and of the Gateway API apart, by the list's name. Lists that are not here are one value, as all of Istio's are. */
const ITEM_KEYS: Readonly<Record<string, readonly string[]>> = table({
  containers: ['name'],
  initContainers: ['name'],
  volumes: ['name'],
  env: ['name'],
  imagePullSecrets: ['name'],
  listeners: ['name'],
  volumeMounts: ['mountPath'],
  ports: ['port', 'containerPort', 'protocol'],
})

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
export function merge(lower: unknown, upper: unknown, apiVersion: string, name = ''): unknown {
  if (isFields(lower) && isFields(upper)) {
    return Object.fromEntries(
      [...new Set([...Object.keys(lower), ...Object.keys(upper)])].map((key) => [
        key,
        key in upper ? merge(lower[key], upper[key], apiVersion, key) : lower[key],
      ]),
    )
  }
  const keys = itemKeys(apiVersion, name)
  if (keys === undefined || !Array.isArray(lower) || !Array.isArray(upper)) return upper
  const below: unknown[] = lower
  const above: unknown[] = upper
  const over = (item: unknown): unknown => above.find((one) => sameItem(keys, one, item))
  return [
    ...below.map((item) => {
      const upon = over(item)
      return upon === undefined ? item : merge(item, upon, apiVersion)
    }),
    ...above.filter((item) => !below.some((one) => sameItem(keys, one, item))),
  ]
}

/** True when all of one is in the other: every field and item, whatever defaults the API server has put beside them. */
export function isWithin(part: unknown, whole: unknown, apiVersion: string, name = ''): boolean {
  if (isFields(part))
    return isFields(whole) && Object.entries(part).every(([key, one]) => isWithin(one, whole[key], apiVersion, key))
  if (!Array.isArray(part)) return part === whole
  if (!Array.isArray(whole)) return false
  const keys = itemKeys(apiVersion, name)
  const [items, among]: [unknown[], unknown[]] = [part, whole]
  return keys === undefined
    ? items.length === among.length && items.every((one, at) => isWithin(one, among[at], apiVersion))
    : items.every((one) => among.some((other) => sameItem(keys, one, other) && isWithin(one, other, apiVersion)))
}
