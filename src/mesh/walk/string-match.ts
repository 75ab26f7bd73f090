import type { StringMatcher } from '../envoy.ts'
import { isHidden, takesExactly, takesPart, takesPrefix, takesSuffix, takesWhatever } from './hidden-text.ts'
import { matchesWhole } from './regex.ts'
import type { Taken } from './taken.ts'
import { taken } from './taken.ts'

/** Envoy's StringMatcher. ignoreCase has no effect on regular expressions. */
export function takesString(
  { exact, prefix, suffix, contains, safeRegex, ignoreCase }: StringMatcher,
  value: string,
): Taken {
  const cased = (text: string): string => (ignoreCase === true ? text.toLowerCase() : text)
  if (exact !== undefined) return takesExactly(cased(exact), cased(value))
  if (prefix !== undefined) return takesPrefix(cased(prefix), cased(value))
  if (suffix !== undefined) return takesSuffix(cased(suffix), cased(value))
  if (contains !== undefined) return takesPart(cased(contains), cased(value))
  return safeRegex === undefined ? 'maybe' : takesRegex(safeRegex.regex ?? '', value)
}

/** Envoy's RegexMatcher: the whole text. */
export function takesRegex(expression: string, value: string): Taken {
  if (isHidden(expression)) return 'maybe'
  if (isHidden(value)) return takesWhatever(value, (one) => takesRegex(expression, one))
  const found = matchesWhole(expression, value)
  return found === undefined ? 'maybe' : taken(found)
}
