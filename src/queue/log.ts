import type { Logger } from 'pino'

/** What this room writes to: a static message plus fields (`log.warn({ run }, 'job stalled')`). */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>
