import type { Ref } from '../../mesh/ref.ts'
import type { Istioctl } from '../clients/clients.ts'
import { UnseenError } from '../clients/clients.ts'

/** Log levels of a proxy by logger: `{http: 'warning'}`. */
export type LogLevels = Record<string, string>

const LINE = /^ {2}([A-Za-z0-9_]+): ([a-z]+)$/

const argumentsFor = ({ name, namespace = '' }: Ref): string[] => ['proxy-config', 'log', `${name}.${namespace}`]

/** The command a person would type to see them. */
export const logLevelsCommand = (pod: Ref): string => `istioctl ${argumentsFor(pod).join(' ')}`

/**
 * Reads the level of every logger of one proxy. Loggers come from the proxy: another Envoy has others.
 * @throws UnseenError
 */
export async function readLogLevels(pod: Ref, istioctl: Istioctl, signal: AbortSignal): Promise<LogLevels> {
  return parseLogLevels(await istioctl.run(argumentsFor(pod), signal))
}

/** Parses `POD.NAMESPACE:`, `active loggers:` and a line `  LOGGER: LEVEL` for each; istioctl has no other form of it. @throws UnseenError `unparsable` */
export function parseLogLevels(text: string): LogLevels {
  const lines = text.split(/\r?\n/)
  const start = lines.indexOf('active loggers:')
  const pairs = lines.slice(start + 1).flatMap((line): [string, string][] => {
    const [, logger, level] = LINE.exec(line) ?? []
    return logger === undefined || level === undefined ? [] : [[logger, level]]
  })
  if (start === -1 || pairs.length === 0)
    throw new UnseenError('unparsable', 'istioctl proxy-config log listed no loggers')
  return Object.fromEntries(pairs)
}
