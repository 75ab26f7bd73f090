import type { Labels } from './objects.ts'

/** `app=orders` for each label; none for no labels. */
export const labelTexts = (labels: Labels | undefined): string[] =>
  Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)

/** As people write a selector: `app=orders,version=v1`. */
export const labelsText = (labels: Labels | undefined): string => labelTexts(labels).join(',')

/** As `kubectl -l` is given it, the same for the same labels in whatever order. */
export const selectorText = (labels: Labels | undefined): string => labelTexts(labels).sort().join(',')
