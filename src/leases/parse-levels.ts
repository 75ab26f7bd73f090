import { LeaseRefusedError } from './lease-refused.ts'

/** What levels are given to, and how a person would type some. */
export interface LevelsWords {
  /** `logger`, `module` */
  of: string
  example: string
}

/**
 * Levels out of what a person typed: parts between commas or blanks, each of which `parsePart` takes apart, in small letters.
 * @throws LeaseRefusedError for none, and for a name that is given two levels
 */
export function parseLevelList<Level extends string>(
  text: string,
  { of, example }: LevelsWords,
  parsePart: (part: string) => [name: string, level: Level],
): Record<string, Level> {
  const parts = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((part) => part !== '')
  if (parts.length === 0) throw new LeaseRefusedError(`No ${of} and level was given.`, [`Name them: ${example}`])
  const levels = new Map<string, Level>()
  for (const part of parts) {
    const [name, level] = parsePart(part)
    const former = levels.get(name)
    if (former !== undefined && former !== level)
      throw new LeaseRefusedError(`${name} is given twice: ${former} and ${level}.`, [`Name each ${of} once.`])
    levels.set(name, level)
  }
  return Object.fromEntries(levels)
}

/** What was typed, in an answer. */
export const quoted = (text: string): string => JSON.stringify(text.slice(0, 60))
