import { execa } from 'execa'
import { redact } from '../redaction.ts'
import type { Istioctl } from './clients.ts'
import { UnseenError } from './clients.ts'
import { missingPermission } from './forbidden.ts'

/** How to run istioctl. */
export interface IstioctlOptions {
  /** Program; `istioctl` on PATH when absent. */
  program?: string | undefined
  kubeconfig?: string | undefined
  context?: string | undefined
}

/** 64 MiB: a proxy of a mesh with thousands of services prints tens of megabytes. */
const MOST_OUTPUT = 256 * 1024 * 1024

const firstError = (stderr: string): string => {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  return redact((lines.find((line) => line.startsWith('Error')) ?? lines.at(-1) ?? '').trim()).slice(0, 600)
}

/** Runs the real istioctl, never through a shell: an argument vector whose every name has been validated before. */
export function istioctlProgram({ program = 'istioctl', kubeconfig, context }: IstioctlOptions): Istioctl {
  const connection = [...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]), ...(context === undefined ? [] : ['--context', context])]
  return {
    async run(args, signal) {
      const result = await execa(program, [...args, ...connection], {
        cancelSignal: signal, reject: false, stdin: 'ignore', stripFinalNewline: false, maxBuffer: MOST_OUTPUT, forceKillAfterDelay: 1000,
        // The Go runtime's collector costs a short-lived istioctl a third of its time.
        env: { GOGC: '400' },
      })
      if (!result.failed) return result.stdout
      if (result.isCanceled) throw new UnseenError('timeout', 'istioctl did not finish in time', { cause: result })
      if (result.code === 'ENOENT') throw new UnseenError('unavailable', `istioctl was not found (${program}); install it or set ISTIOCTL`, { cause: result })
      if (result.code === 'EACCES') throw new UnseenError('unavailable', `istioctl cannot be run (${program}): permission denied`, { cause: result })
      const detail = firstError(result.stderr) || `istioctl ended with ${result.exitCode === undefined ? (result.signal ?? 'no exit code') : `exit code ${result.exitCode}`}`
      const permission = missingPermission(result.stderr)
      throw new UnseenError(permission === undefined && !/forbidden/i.test(detail) ? 'unavailable' : 'forbidden', detail, { cause: result, permission })
    },
  }
}
