import { EXIT } from './exit-codes.ts'

/** Why a command stopped early: the person pressed Ctrl-C, or the process was told to end. */
export class Interruption extends Error {
  readonly code = 'interrupted'
  readonly exitCode: number
  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(signal === 'SIGINT' ? 'Cancelled.' : 'Stopped.')
    this.exitCode = signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated
  }
}

/** Aborts on the first Ctrl-C or SIGTERM; the next one ends the process at once. */
export function interruptible(): AbortController {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Not `once`: a listener that is gone while the signal is handled makes execa believe that nobody handles it.
    process.on(signal, () => {
      if (controller.signal.aborted) {
        process.removeAllListeners(signal)
        process.kill(process.pid, signal)
      }
      controller.abort(new Interruption(signal))
    })
  }
  return controller
}
