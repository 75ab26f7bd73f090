import { nearestNames } from './names.ts'
import { parseFlags, RESPONSE_FLAGS, type ResponseFlag } from './response-flags.ts'
import { UserError } from './user-error.ts'

/** A response flag that somebody asked about. */
export interface AskedFlag extends ResponseFlag {
  flag: string
}

const all = (): AskedFlag[] => Object.entries(RESPONSE_FLAGS).map(([flag, what]) => ({ flag, ...what }))

/**
 * The flags that were typed: `UT`, `uf,urx`, or their long names; all when none was.
 *
 * @param usage the command that lists all: `/mesh flags`
 * @throws {UserError} that names the nearest, when one is none of Envoy's
 */
export function flagsAsked(words: readonly string[], usage: string): AskedFlag[] {
  const typed = words.flatMap(parseFlags)
  if (typed.length === 0) return all()
  return [...new Set(typed.map((one) => one.toUpperCase()))].map((wanted) => {
    const found = all().find(({ flag, name }) => flag === wanted || name.toUpperCase() === wanted)
    if (found !== undefined) return found
    const flags = Object.keys(RESPONSE_FLAGS).map((flag) => flag.toLowerCase())
    const nearest = nearestNames(wanted.slice(0, 40), flags).map((flag) => flag.toUpperCase())
    throw new UserError({
      why: `${JSON.stringify(wanted.slice(0, 40))} is not a response flag of Envoy.`,
      commands: [...nearest.map((flag) => `${usage} ${flag}`), usage],
    })
  })
}
