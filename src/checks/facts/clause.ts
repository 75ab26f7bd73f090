import type { KubernetesObject } from '../../mesh/objects.ts'
import { changedAt, latestChange } from '../../mesh/objects.ts'

/** A value in a sentence of our own: people see it as code. */
export const value = (text: string | number): string => `\`${String(text).replaceAll('`', "'")}\``

/** Several values in a sentence. */
export const values = (texts: readonly string[]): string => texts.map(value).join(', ')

/** The object of several that was changed last: when two do not fit each other, the newer is more likely the mistake. */
export function newest<T extends KubernetesObject>(objects: readonly T[]): T | undefined {
  return objects.toSorted((a, b) => (changedAt(b) ?? 0) - (changedAt(a) ?? 0))[0]
}

/** Milliseconds by which one change must be later than another: what is made together has no order. */
export const TOGETHER = 3_000

/** True for an object that was changed since it was made, and after the others: what stands between them was right before. */
export function wasChangedLast(object: KubernetesObject, others: readonly KubernetesObject[]): boolean {
  const changed = changedAt(object) ?? 0
  return (
    changed > Date.parse(object.metadata.creationTimestamp ?? '') + TOGETHER &&
    changed > latestChange(others) + TOGETHER
  )
}
