import { execa } from 'execa'
import { childEnvironment } from './child-environment.ts'
import { redact } from '../redaction.ts'
import type { Istioctl } from './clients.ts'
import { UnseenError } from './clients.ts'
import { missingPermission } from './forbidden.ts'
import { ByteBudget, textOf } from './byte-budget.ts'

/** How to run istioctl. */
export interface IstioctlOptions {
  /** Program; `istioctl` on PATH when absent. */
  program?: string | undefined
  kubeconfig?: string | undefined
  context?: string | undefined
  /** Of this process; istioctl gets what it and credential plugins need of it. */
  environment: Readonly<Record<string, string | undefined>>
  /** What all answers of the process share; a budget of its own when absent. */
  budget?: ByteBudget | undefined
}

/** Characters at the end of what istioctl says on standard error that are kept. */
const MOST_ERRORS = 256 * 1024

/** istioctl repeats a list it is not allowed to make until its time is over, and says so only here. A watch it does without. */
const WAITS_FOR_EVER = /watch error in cluster.*cannot list resource/
/** What it does without says nothing of why it failed. */
const REFUSED_WATCH = /^.*cannot watch resource.*\n?/gm
/** Bytes; what is longer is an answer. */
const LONGEST_LOG = 16 * 1024

/** istioctl's own log goes to standard output, between the answer's lines. A tab inside JSON would be escaped. */
const LOG_LINE = /^\d{4}-\d\d-\d\dT\S+Z\t\w+\t.*\n?/gm
const mayHoldLog = (text: string): boolean =>
  text.includes('Z\terror\t') || text.includes('Z\twarn\t') || text.includes('Z\tinfo\t')
const logLines = (text: string): string => (mayHoldLog(text) ? (text.match(LOG_LINE) ?? []).join('') : '')
const withoutLogLines = (text: string): string => (mayHoldLog(text) ? text.replace(LOG_LINE, '') : text)

const firstError = (stderr: string): string => {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  return redact(
    (
      lines.find((line) => line.startsWith('Error')) ??
      lines.find((line) => WAITS_FOR_EVER.test(line))?.replace(/^.*?watch error in cluster\s*[^:]*:\s*/, '') ??
      lines.at(-1) ??
      ''
    ).trim(),
  ).slice(0, 600)
}

/** Groups of processes that run; they end with this one. */
const groups = new Set<number>()
function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // None of it is left.
  }
}
process.on('exit', () => groups.forEach(endGroup))

/** Milliseconds that a program has to end by itself, once it was told to. */
const TO_END = 1000

/** Ends a whole group once the signal is given: something that a program started may keep its output open. Answers what to call when it has ended. */
function endGroupWith(leader: number | undefined, signal: AbortSignal): () => void {
  if (leader === undefined) return () => undefined
  groups.add(leader)
  let timer: NodeJS.Timeout | undefined
  const stop = (): void => {
    timer = setTimeout(() => endGroup(leader), TO_END)
  }
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  return () => {
    groups.delete(leader)
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    endGroup(leader)
  }
}

/** Runs the real istioctl, never through a shell: an argument vector whose every name has been validated before. */
export function istioctlProgram({
  program = 'istioctl',
  kubeconfig,
  context,
  environment,
  budget = new ByteBudget(),
}: IstioctlOptions): Istioctl {
  const connection = [
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ...(context === undefined ? [] : ['--context', context]),
  ]
  return {
    async run(args, signal) {
      const hopeless = new AbortController()
      const running = execa(program, [...args, ...connection], {
        cancelSignal: AbortSignal.any([signal, hopeless.signal]),
        reject: false,
        stdin: 'ignore',
        stripFinalNewline: false,
        buffer: false,
        forceKillAfterDelay: TO_END,
        // A group of its own, so that what it starts ends with it.
        detached: true,
        extendEnv: false,
        // The Go runtime's collector costs a short-lived istioctl a third of its time.
        env: childEnvironment(environment, { GOGC: '400' }),
      })
      const ended = endGroupWith(running.pid, AbortSignal.any([signal, hopeless.signal]))
      const notice = (chunk: Buffer): void => {
        if (chunk.length < LONGEST_LOG && WAITS_FOR_EVER.test(chunk.toString())) hopeless.abort()
      }
      running.stdout.on('data', notice)
      let stderr = ''
      running.stderr.on('data', (chunk: Buffer) => {
        notice(chunk)
        stderr = `${stderr}${chunk.toString()}`.slice(-MOST_ERRORS)
      })
      const reading = budget.begin(`what istioctl ${args[0] ?? ''} prints`, { signal })
      let cut: UnseenError | undefined
      const printed = textOf(running.stdout, reading).catch((error: unknown) => {
        // Of a program that ended early, or that was ended, its end tells more.
        if (error instanceof UnseenError && error.reason !== 'timeout') {
          cut = error
          hopeless.abort()
        }
        return ''
      })
      try {
        const [result, stdout] = await Promise.all([running.finally(ended), printed])
        if (cut !== undefined) throw cut
        return answerOf({ result, stdout, stderr, isOutOfTime: result.isCanceled && !hopeless.signal.aborted, program })
      } finally {
        reading.end()
      }
    },
  }
}

/** How a run of istioctl ended. */
interface Ended {
  result: {
    failed: boolean
    code?: string | undefined
    exitCode?: number | undefined
    signal?: string | undefined
  }
  stdout: string
  stderr: string
  isOutOfTime: boolean
  program: string
}

/** What it printed; of a run that failed, why. @throws {UnseenError} */
function answerOf({ result, stdout, stderr, isOutOfTime, program }: Ended): string {
  const log = `${logLines(stdout)}${stderr}`.replace(REFUSED_WATCH, '')
  if (!result.failed) return withoutLogLines(stdout)
  if (isOutOfTime) throw new UnseenError('timeout', 'istioctl did not finish in time', { cause: result })
  if (result.code === 'ENOENT')
    throw new UnseenError('unavailable', `istioctl was not found (${program}); install it or set ISTIOCTL`, {
      cause: result,
    })
  if (result.code === 'EACCES')
    throw new UnseenError('unavailable', `istioctl cannot be run (${program}): permission denied`, {
      cause: result,
    })
  const detail =
    firstError(log) ||
    `istioctl ended with ${result.exitCode === undefined ? (result.signal ?? 'no exit code') : `exit code ${result.exitCode}`}`
  const permission = missingPermission(detail) ?? missingPermission(log)
  throw new UnseenError(permission === undefined && !/forbidden/i.test(detail) ? 'unavailable' : 'forbidden', detail, {
    cause: result,
    permission,
  })
}
