import type { LogLevels } from '../../evidence/collectors/log-levels.ts'
import { nearestNames } from '../../mesh/names.ts'
import { LeaseRefusedError } from '../lease-refused.ts'
import { parseLevelList, quoted } from '../parse-levels.ts'

/** Envoy's log levels, the most talkative first. */
export const LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const
export type Level = (typeof LEVELS)[number]

const EXAMPLE = 'http:debug,router:debug,connection:debug,pool:debug'
const LOGGER = /^[a-z0-9_]+$/

const isLevel = (text: string): text is Level => (LEVELS as readonly string[]).includes(text)
/** Envoy takes `warn` and says `warning`. */
const levelNamed = (text: string): string => (text === 'warn' ? 'warning' : text)

/**
 * Parses what a person typed: `http:debug,router:debug`, also with `=` and spaces. Whether a proxy has such loggers is another question.
 * @throws LeaseRefusedError for an unknown level, with the nearest; for a level without a logger: all of them at once is more than a log can hold
 */
export const parseLevels = (text: string): Record<string, Level> =>
  parseLevelList(text, { of: 'logger', example: EXAMPLE }, parsePair)

function parsePair(part: string): [string, Level] {
  const [, logger = '', typed] = /^([^:=]*)(?:[:=](.*))?$/.exec(part) ?? []
  if (typed === undefined && isLevel(levelNamed(logger))) {
    throw new LeaseRefusedError(
      `${quoted(part)} names no logger: every logger of a busy proxy at ${levelNamed(logger)} would hide what you are looking for, and slow the proxy down.`,
      [`Name the loggers: ${EXAMPLE}`],
    )
  }
  if (typed === undefined)
    throw new LeaseRefusedError(`${quoted(part)} has no level.`, [
      LOGGER.test(logger) ? `For example ${logger}:debug. ${LEVELS_TEXT}` : `For example ${EXAMPLE}`,
    ])
  if (!LOGGER.test(logger))
    throw new LeaseRefusedError(`${quoted(logger)} is not the name of a logger.`, [`For example ${EXAMPLE}`])
  const level = levelNamed(typed)
  if (isLevel(level)) return [logger, level]
  const [nearest] = nearestNames(level, LEVELS)
  throw new LeaseRefusedError(
    `Envoy has no log level ${quoted(typed)}.${nearest === undefined ? '' : ` Nearest: ${nearest}.`}`,
    [LEVELS_TEXT],
  )
}

const LEVELS_TEXT = `Levels: ${LEVELS.join(', ')}.`

/** What is wrong with the loggers for a proxy that has these: those it does not have, with the nearest it has. Undefined when it has all. */
export function unknownLoggers(raised: Readonly<LogLevels>, has: Readonly<LogLevels>): string | undefined {
  const names = Object.keys(has)
  const unknown = Object.keys(raised).filter((logger) => !Object.hasOwn(has, logger))
  if (unknown.length === 0) return undefined
  const each = unknown.map((logger) => {
    const nearest = nearestNames(logger, names)
    return nearest.length === 0 ? quoted(logger) : `${quoted(logger)} (nearest: ${nearest.join(', ')})`
  })
  return `the proxy has no logger ${each.join(', ')}`
}

/**
 * Refuses loggers that not one proxy has: a slip of the pen, not a proxy's trouble.
 * @param has the levels of each proxy; undefined where they could not be read
 * @throws LeaseRefusedError with the nearest
 */
export function requireLoggers(raised: Readonly<LogLevels>, has: readonly (Readonly<LogLevels> | undefined)[]): void {
  const unknown = has.map((levels) => (levels === undefined ? undefined : unknownLoggers(raised, levels)))
  const [first] = unknown
  if (first === undefined || unknown.includes(undefined)) return
  throw new LeaseRefusedError(`${first.replace(/^the/, 'The')}.`, ['Ask without levels to see all that it has.'])
}
