import { diffArrays } from 'diff'
import { isFields } from '../mesh/fields.ts'

/** Where in an object something is: names of fields and indexes of lists. */
export type Path = readonly (string | number)[]

/** One place where two objects differ: a value, or a whole part that only one of them has. An absent path: that side has nothing there. */
export interface Difference {
  before?: Path
  after?: Path
}

/** Above this many items two lists are compared place by place: aligning them takes the square of what differs. */
const MOST_ALIGNED = 1_000

/** Every place where two values of JSON differ; the items of lists are aligned first, so that one put in front is one difference. */
export function differences(before: unknown, after: unknown, at: Required<Difference> = ROOT): Difference[] {
  if (isFields(before) && isFields(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key): Difference[] => {
      const paths = { before: [...at.before, key], after: [...at.after, key] }
      if (!Object.hasOwn(after, key)) return [{ before: paths.before }]
      if (!Object.hasOwn(before, key)) return [{ after: paths.after }]
      return differences(before[key], after[key], paths)
    })
  }
  if (Array.isArray(before) && Array.isArray(after)) return inLists(before, after, at)
  return textOf(before) === textOf(after) ? [] : [at]
}

const ROOT: Required<Difference> = { before: [], after: [] }

/** Equal for equal values, whatever the order of their fields. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    isFields(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  )

function inLists(before: readonly unknown[], after: readonly unknown[], at: Required<Difference>): Difference[] {
  const found: Difference[] = []
  let [old, next] = [0, 0]
  /** Compares a run of items that are not equal, pair by pair. */
  const pairs = (gone: number, made: number): void => {
    for (let item = 0; item < Math.max(gone, made); item += 1) {
      const paths = { before: [...at.before, old + item], after: [...at.after, next + item] }
      if (item >= made) found.push({ before: paths.before })
      else if (item >= gone) found.push({ after: paths.after })
      else found.push(...differences(before[old + item], after[next + item], paths))
    }
    old += gone
    next += made
  }
  if (before.length + after.length > MOST_ALIGNED) pairs(before.length, after.length)
  else {
    let [gone, made] = [0, 0]
    for (const { count, added, removed } of diffArrays(before.map(textOf), after.map(textOf))) {
      if (removed) gone += count
      else if (added) made += count
      else {
        pairs(gone, made)
        ;[gone, made] = [0, 0]
        old += count
        next += count
      }
    }
    pairs(gone, made)
  }
  return found
}

/** A path as it is written: `spec.http[0].headers`; keys that are no plain words in brackets. */
export const pathText = (path: Path): string =>
  path
    .map((step, index) =>
      typeof step === 'number'
        ? `[${step}]`
        : /^[\w-]+$/.test(step)
          ? `${index === 0 ? '' : '.'}${step}`
          : `[${JSON.stringify(step)}]`,
    )
    .join('')
