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

/** Seconds of Prometheus's rate. */
const WINDOW = 300

/**
 * Requests a second that a proxy has logged in the last minute; where its access log has none, or cannot be read, what Prometheus has counted of it. Undefined where
 * neither tells.
 */
export const requestsSeen = async (
  pod: Ref & { ip?: string | undefined },
  clients: Pick<Clients, 'kubernetes' | 'now' | 'prometheus'>,
  signal: AbortSignal,
): Promise<number | undefined> =>
  (await requestsLogged(pod, clients, signal)) ?? (await requestsCounted(pod, clients, signal))

/** By the pod that Prometheus names where it was told to, and by the address it asks. */
async function requestsCounted(
  { name, namespace = '', ip }: Ref & { ip?: string | undefined },
  { prometheus }: Pick<Clients, 'prometheus'>,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (prometheus === undefined) return undefined
  const rate = (labels: string): string => `rate(istio_requests_total{${labels}}[${WINDOW}s])`
  const expression = [
    rate(`pod="${name}",namespace="${namespace}"`),
    ...(ip === undefined || !/^[\d.]+$/.test(ip) ? [] : [rate(`instance=~"${ip.replaceAll('.', '[.]')}:[0-9]+"`)]),
  ].join(' or ')
  try {
    const [sum] = await prometheus.query(`sum(${expression})`, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]))
    return sum !== undefined && sum.value > 0 ? sum.value : undefined
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof UnseenError) return undefined
    throw error
  }
}

async function requestsLogged(
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
