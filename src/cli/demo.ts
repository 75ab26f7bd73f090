import { createLog } from '../log.ts'
import { runDemo } from '../sandbox/demo.ts'
import { EXIT } from './exit-codes.ts'
import { interruptible } from './interruption.ts'

/** `mesh-medic demo`: stays until Ctrl-C, the word exit, or the end of the process; leaving it is no failure. */
export async function demo(): Promise<number> {
  const { signal } = interruptible()
  await runDemo({
    input: process.stdin,
    output: process.stdout,
    signal,
    log: createLog({ level: process.env.LOG_LEVEL ?? 'error' }),
  })
  return EXIT.healthy
}
