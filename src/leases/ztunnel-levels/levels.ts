import { ALL_MODULES } from '../../evidence/collectors/ztunnel-levels.ts'
import { nearestNames } from '../../mesh/names.ts'
import { LeaseRefusedError } from '../lease-refused.ts'
import { parseLevelList, quoted } from '../parse-levels.ts'
import type { Settings } from '../leasable.ts'

/** ztunnel's log levels, the most talkative first. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'off'] as const
const LEVELS_TEXT = `Levels: ${LEVELS.join(', ')}.`
const EXAMPLE = 'access=debug,ztunnel::proxy=debug'
const MODULE = /^[a-z0-9_]+(?:::[a-z0-9_]+)*$/

const isLevel = (text: string): boolean => (LEVELS as readonly string[]).includes(text)

/** `debug, access=trace`; a module without a level of its own has that of everything else. */
export const ztunnelLevelsText = (levels: Readonly<Settings>): string =>
  Object.entries(levels)
    .map(([module, level]) =>
      module === ALL_MODULES
        ? `${level} for every module`
        : level === ''
          ? `${module} as the rest`
          : `${module}=${level}`,
    )
    .join(', ')

/**
 * Parses what a person typed: `access=debug`, also with `:`, and a level alone, which is for every module that has none of its own.
 * @throws LeaseRefusedError for an unknown level, with the nearest
 */
export const parseZtunnelLevels = (text: string): Settings =>
  parseLevelList(text, { of: 'module', example: EXAMPLE }, parsePart)

function parsePart(part: string): [string, string] {
  // A module's path has colons of its own: the last single one, or the equals sign, stands before the level.
  const [, module, typed = part] = /^(.*?)(?:=|(?<!:):(?!:))([^=:]*)$/.exec(part) ?? []
  const level = typed === 'warning' ? 'warn' : typed
  if (module !== undefined && !MODULE.test(module))
    throw new LeaseRefusedError(`${quoted(module)} is not the name of a module of ztunnel.`, [`For example ${EXAMPLE}`])
  if (isLevel(level)) return [module ?? ALL_MODULES, level]
  if (module === undefined && MODULE.test(part))
    throw new LeaseRefusedError(`${quoted(part)} has no level.`, [`For example ${part}=debug. ${LEVELS_TEXT}`])
  const [nearest] = nearestNames(level, LEVELS)
  throw new LeaseRefusedError(
    `ztunnel has no log level ${quoted(typed)}.${nearest === undefined ? '' : ` Nearest: ${nearest}.`}`,
    [LEVELS_TEXT],
  )
}
