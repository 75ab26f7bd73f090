import { LogLevel, type Logger } from '@slack/bolt'
import type { Log } from '../../queue/log.ts'
import { defined } from '../../mesh/defined.ts'

/** Slack's libraries log through ours: their debug lines hold message texts, so they are left out. */
export function boltLogger(log: Log): Logger {
  const write =
    (level: 'info' | 'warn' | 'error') =>
    (...said: unknown[]): void => {
      const err = said.find((one) => one instanceof Error)
      log[level](
        {
          slack: said
            .filter((one) => one !== err)
            .map(String)
            .join(' '),
          ...defined({ err }),
        },
        'said by the Slack library',
      )
    }
  return {
    debug: () => undefined,
    info: (...said: unknown[]) => log.debug({ slack: said.map(String).join(' ') }, 'said by the Slack library'),
    warn: write('warn'),
    error: write('error'),
    setLevel: () => undefined,
    getLevel: () => LogLevel.INFO,
    setName: () => undefined,
  }
}
