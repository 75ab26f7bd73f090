import type { StringMatcher } from '../envoy.ts'
import { matchesWhole } from './regex.ts'
import type { Taken } from './taken.ts'
import { taken } from './taken.ts'

/** Envoy's StringMatcher. ignoreCase has no effect on regular expressions. */
export function takesString(
  { exact, prefix, suffix, contains, safeRegex, ignoreCase }: StringMatcher,
  value: string,
): Taken {
  const cased = (text: string): string => (ignoreCase === true ? text.toLowerCase() : text)
  if (exact !== undefined) return taken(cased(value) === cased(exact))
  if (prefix !== undefined) return taken(cased(value).startsWith(cased(prefix)))
  if (suffix !== undefined) return taken(cased(value).endsWith(cased(suffix)))
  if (contains !== undefined) return taken(cased(value).includes(cased(contains)))
  return safeRegex === undefined ? 'maybe' : takesRegex(safeRegex.regex ?? '', value)
}

/** Envoy's RegexMatcher: the whole text. */
export function takesRegex(expression: string, value: string): Taken {
  const found = matchesWhole(expression, value)
  return found === undefined ? 'maybe' : taken(found)
}
