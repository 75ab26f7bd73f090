import { UnseenError, type Clients } from '../../evidence/clients/clients.ts'
import { parseAccessLog } from '../../mesh/access-log.ts'
import { PROXY_CONTAINER } from '../../mesh/pods.ts'
import type { Ref } from '../../mesh/ref.ts'

/** Seconds that are looked back at, and lines of them at most. */
const SECONDS = 60
const MOST_LINES = 4000
const MOST_BYTES = 2 * 1024 * 1024
/** Milliseconds that reading one log may take: what it is for waits. */
const PATIENCE = 5000

/** Requests a second that a proxy has logged in the last minute; undefined where its access log has none, or cannot be read. */
export async function requestsSeen(
  pod: Ref,
  { kubernetes, now }: Pick<Clients, 'kubernetes' | 'now'>,
  signal: AbortSignal,
): Promise<number | undefined> {
  const since = new Date(now().getTime() - SECONDS * 1000)
  try {
    const text = await kubernetes.log(
      pod,
      PROXY_CONTAINER,
      MOST_LINES,
      AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]),
      { sinceTime: since.toISOString(), limitBytes: MOST_BYTES },
    )
    const { lines } = parseAccessLog(text)
    const [first, last] = [lines[0], lines.at(-1)]
    if (first === undefined || last === undefined) return undefined
    const isCut = text.split('\n').length > MOST_LINES || Buffer.byteLength(text) >= MOST_BYTES
    const seconds = isCut ? Math.max(1, (Date.parse(last.at) - Date.parse(first.at)) / 1000) : SECONDS
    return lines.length / seconds
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof UnseenError) return undefined
    throw error
  }
}
