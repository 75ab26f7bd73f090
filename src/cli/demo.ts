import { pino } from 'pino'
import { runDemo } from '../sandbox/demo.ts'
import { EXIT } from './exit-codes.ts'

/** Runs the demo on this terminal until Ctrl-C, SIGTERM or the word exit. */
export async function demo(): Promise<number> {
  const stop = new AbortController()
  const end = (): void => stop.abort()
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  await runDemo({ input: process.stdin, output: process.stdout, signal: stop.signal, log: pino({ level: process.env.LOG_LEVEL ?? 'silent' }, pino.destination(2)) })
  return EXIT.healthy
}
