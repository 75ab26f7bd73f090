import { request, type IncomingMessage } from 'node:http'
import { addAbortSignal } from 'node:stream'
import type { Ref } from '../../mesh/ref.ts'
import { UnseenError, type PortForward } from './clients.ts'

/** The port of ztunnel's admin interface, on its pod's loopback only. */
const ADMIN_PORT = 15000
/** Bytes of an answer: one line, or the usage after a refusal. */
const MOST_BYTES = 64 * 1024

/**
 * Asks `/logging` of a ztunnel, through the API server. Without a query it only lists the levels: ztunnel takes nothing but POST there. It answers with
 * the levels as they are afterwards.
 * @param query `level=access=debug`, `reset&level=info`
 * @throws UnseenError when it does not answer, or refuses
 */
export async function ztunnelLogging(
  portForward: PortForward | undefined,
  pod: Ref,
  query: string,
  signal: AbortSignal,
): Promise<string> {
  if (portForward === undefined)
    throw new UnseenError('unavailable', `${pod.name} cannot be reached: there is no port-forward to it`)
  const tunnel = await portForward(pod, ADMIN_PORT, signal)
  try {
    const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const asking = request(
        {
          method: 'POST',
          path: `/logging${query === '' ? '' : `?${query}`}`,
          host: 'localhost',
          headers: { 'content-length': 0, connection: 'close' },
          signal,
          createConnection: () => tunnel,
        },
        (answer) => {
          textOf(answer, signal).then((said) => resolve({ status: answer.statusCode ?? 0, text: said }), reject)
        },
      )
      asking.on('error', reject)
      tunnel.on('error', reject)
      asking.end()
    })
    if (status === 200) return text
    // Below its first line it explains how it is used.
    const why = text.split('\n')[0]?.slice(0, 300) ?? ''
    throw new UnseenError('unavailable', `${pod.name} answered ${status}${why === '' ? '' : `: ${why}`}`)
  } catch (error) {
    if (error instanceof UnseenError) throw error
    throw signal.aborted
      ? new UnseenError('timeout', `${pod.name} did not answer in time`, { cause: error })
      : new UnseenError('unavailable', `${pod.name} did not answer /logging: ${String(error)}`, { cause: error })
  } finally {
    tunnel.destroy()
  }
}

async function textOf(answer: IncomingMessage, signal: AbortSignal): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of addAbortSignal(signal, answer)) {
    bytes += (part as Buffer).length
    if (bytes > MOST_BYTES) throw new UnseenError('unparsable', 'the answer to /logging is too long')
    parts.push(part as Buffer)
  }
  return Buffer.concat(parts).toString()
}
