import { PassThrough, type Readable } from 'node:stream'
import type { Ref } from '../../mesh/ref.ts'
import { UnseenError } from './clients.ts'
import { missingPermission } from './forbidden.ts'
import { onRefusal, openPodSocket, type ApiAccess } from './pod-socket.ts'

/** What runs in a container, and what comes of it. */
export interface Running {
  /** What it writes to standard output, as it comes; ends when it ends. */
  output: Readable
  /** What it wrote to standard error, the last part of it, and its exit code once that is known. */
  ended: Promise<{ said: string; exitCode: number | undefined }>
  /** Stops listening. The process is not stopped by it. */
  close(): void
}

const CHANNEL = { output: 1, error: 2, status: 3 } as const
const MOST_SAID = 8192

/** Starts a program in a container of a pod, as `kubectl exec` does without standard input. @throws UnseenError when it is refused */
export async function openExec(
  access: ApiAccess,
  { pod, container, command }: { pod: Ref; container: string; command: readonly string[] },
  signal: AbortSignal,
): Promise<Running> {
  const { name } = pod
  const query = new URLSearchParams([
    ['container', container],
    ['stdout', 'true'],
    ['stderr', 'true'],
    ...command.map((word) => ['command', word]),
  ])
  const socket = openPodSocket(access, pod, 'exec', query)
  return new Promise<Running>((resolve, reject) => {
    const output = new PassThrough()
    output.on('error', () => undefined)
    output.on('drain', () => socket.resume())
    let said = ''
    let exitCode: number | undefined
    const stop = (): void => socket.terminate()
    signal.addEventListener('abort', stop, { once: true })
    const ended = new Promise<{ said: string; exitCode: number | undefined }>((done) => {
      socket.on('close', () => {
        signal.removeEventListener('abort', stop)
        output.end()
        done({ said: said.trim(), exitCode })
      })
    })
    socket.on('open', () => resolve({ output, ended, close: stop }))
    socket.on('message', (message: Buffer) => {
      const body = message.subarray(1)
      if (message[0] === CHANNEL.output) {
        if (body.length > 0 && !output.write(body)) socket.pause()
      } else if (message[0] === CHANNEL.error) said = `${said}${body.toString()}`.slice(-MOST_SAID)
      else if (message[0] === CHANNEL.status) exitCode = exitCodeOf(body.toString())
    })
    socket.on('error', (error) => {
      reject(
        new UnseenError(signal.aborted ? 'timeout' : 'unavailable', `${name} could not be entered (${error.message})`, {
          cause: error,
        }),
      )
    })
    onRefusal(socket, (status, detail) => reject(refusal(status, detail, pod)))
  })
}

/** `{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}` */
function exitCodeOf(text: string): number | undefined {
  try {
    const status = JSON.parse(text) as {
      status?: string
      details?: { causes?: { reason?: string; message?: string }[] }
    }
    if (status.status === 'Success') return 0
    const code = Number(status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message)
    return Number.isInteger(code) ? code : undefined
  } catch {
    return undefined
  }
}

function refusal(status: number, detail: string, { name, namespace = '' }: Ref): UnseenError {
  if (status === 403)
    return new UnseenError('forbidden', detail, {
      permission: missingPermission(detail) ?? { verb: 'create', group: '', resource: 'pods/exec', namespace },
    })
  return new UnseenError('unavailable', `${name} could not be entered: the API server answered ${status}: ${detail}`)
}
