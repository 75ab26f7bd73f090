import type { Ref } from '../../mesh/ref.ts'
import { UnseenError, type PortForward } from '../clients/clients.ts'
import { ztunnelLogging } from '../clients/ztunnel-logging.ts'
import type { LogLevels } from './log-levels.ts'

/** The name under which the level of everything that has none of its own stands; ztunnel prints it without a name. */
export const ALL_MODULES = '*'

const LINE = /^current log level is (.*)$/m
/** ztunnel prints what it keeps: a level, or a module's path with one. A target may also ask for fields of an event, which none of its own do. */
const DIRECTIVE = /^(?:([A-Za-z0-9_:.-]+)=)?(off|error|warn|info|debug|trace)$/

/** The command a person would type to see them. */
export const ztunnelLevelsCommand = ({ name, namespace = '' }: Ref): string =>
  `istioctl ztunnel-config log ${name}.${namespace}`

/**
 * Reads the log levels of one ztunnel, by module; of everything else under `*`. Only lists them.
 * @throws UnseenError
 */
export async function readZtunnelLevels(
  pod: Ref,
  portForward: PortForward | undefined,
  signal: AbortSignal,
): Promise<LogLevels> {
  return parseZtunnelLevels(await ztunnelLogging(portForward, pod, '', signal))
}

/** Parses `current log level is hickory_server::server::server_future=off,info`. @throws UnseenError `unparsable` */
export function parseZtunnelLevels(text: string): LogLevels {
  const [, directives] = LINE.exec(text) ?? []
  const pairs = (directives ?? '').split(',').map((part): [string, string] => {
    const [, module = ALL_MODULES, level] = DIRECTIVE.exec(part.trim()) ?? []
    if (level === undefined)
      throw new UnseenError('unparsable', `ztunnel did not say its log levels: ${JSON.stringify(text.slice(0, 120))}`)
    return [module, level]
  })
  return Object.fromEntries(pairs)
}
