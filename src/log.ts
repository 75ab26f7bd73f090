import { pino, type Logger } from 'pino'
export function createLog(): Logger {
  return pino(pino.destination({ dest: 2, sync: true }))
}
