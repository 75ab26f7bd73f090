import type { HeaderMatcher, StringMatcher } from '../envoy.ts'
import type { Request } from './request.ts'
import { headerOf } from './request.ts'
import { takesString } from './string-match.ts'
import type { Taken } from './taken.ts'
import { not, taken } from './taken.ts'

/** The matcher's text condition, in today's form. */
function stringOf({
  stringMatch,
  exactMatch,
  prefixMatch,
  suffixMatch,
  containsMatch,
  safeRegexMatch,
}: HeaderMatcher): StringMatcher | undefined {
  if (stringMatch !== undefined) return stringMatch
  if (exactMatch !== undefined) return { exact: exactMatch }
  if (prefixMatch !== undefined) return { prefix: prefixMatch }
  if (suffixMatch !== undefined) return { suffix: suffixMatch }
  if (containsMatch !== undefined) return { contains: containsMatch }
  return safeRegexMatch === undefined ? undefined : { safeRegex: safeRegexMatch }
}

function inRange({ start = 0, end = 0 }: NonNullable<HeaderMatcher['rangeMatch']>, value: string): boolean {
  const text = value.trim()
  if (!/^[-+]?\d{1,19}$/.test(text)) return false
  const number = BigInt(text.replace(/^\+/, ''))
  return number >= BigInt(start) && number < BigInt(end)
}

/**
 * Envoy's HeaderMatcher. A request without the header is taken by no condition on its value, inverted ones included, unless the matcher treats a
 * missing header as empty.
 */
export function takesHeader(matcher: HeaderMatcher, request: Request): Taken {
  const { name = '', presentMatch, rangeMatch, invertMatch = false, treatMissingHeaderAsEmpty = false } = matcher
  const known = headerOf(request, name)
  if (known === undefined) return 'maybe'
  const value = known ?? (treatMissingHeaderAsEmpty ? '' : null)
  const inverted = (found: Taken): Taken => (invertMatch ? not(found) : found)
  const string = stringOf(matcher)
  if (string === undefined && rangeMatch === undefined)
    return inverted(taken((value !== null) === (presentMatch ?? true)))
  if (value === null) return 'no'
  return inverted(string === undefined ? taken(inRange(rangeMatch ?? {}, value)) : takesString(string, value))
}
