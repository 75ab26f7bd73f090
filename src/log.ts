import { pino, type Logger } from 'pino'
import { redact } from './evidence/redaction.ts'

/** Fields that never reach the log, wherever they stand in what is logged. */
const SECRET_FIELDS = [
  'token',
  'botToken',
  'appToken',
  'signingSecret',
  'password',
  'authorization',
  'cookie',
  'redisUrl',
]
const PATHS = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`])

/**
 * The log: one JSON object a line on standard error, each a static message with fields. Texts that look like secrets are taken out of
 * every line as well. Lines of one run come from `log.child({ run })`.
 */
export function createLog({
  level = process.env.LOG_LEVEL ?? 'info',
  write = (line: string): unknown => process.stderr.write(line),
}: { level?: string; write?: (line: string) => unknown } = {}): Logger {
  return pino(
    {
      level: level in pino.levels.values || level === 'silent' ? level : 'info',
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: PATHS, censor: '[redacted]' },
    },
    {
      write: (line: string) => {
        write(redact(line))
      },
    },
  )
}
