import { isFields } from '../mesh/fields.ts'

/** Words that earlier versions stored, with those that stand for them now. */
const FORMER: ReadonlyMap<string, string> = new Map([
  ['give-back-lease', 'put-back-lease'],
  ['given back', 'put back'],
  ['lend', 'raise-log-levels'],
  ['lending', 'raising'],
  ['lent', 'raised'],
  ['returned', 'put-back'],
  ['returning', 'putting-back'],
])

/** The word of now for one that was stored; anything else is as it was. */
export const presentWord = (word: string): string => FORMER.get(word) ?? word

/** As presentWord, for a schema to begin with. */
export const withPresentWord = (stored: unknown): unknown => (typeof stored === 'string' ? presentWord(stored) : stored)

/** A stored request in the words of now. */
export function withPresentKind(stored: unknown): unknown {
  if (!isFields(stored) || stored.kind !== 'lend') return stored
  const { lend, ...request } = stored
  return { ...request, kind: presentWord('lend'), ...(lend !== undefined && { raise: lend }) }
}
