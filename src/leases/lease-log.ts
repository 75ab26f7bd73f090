import { UnseenError, type Clients } from '../evidence/clients/clients.ts'
import { redact } from '../evidence/redaction.ts'
import { PROXY_CONTAINER } from '../mesh/pods.ts'
import type { Ref } from '../mesh/ref.ts'
import { refOfPod, wasTouched, type LeaseRecord, type LeaseProxy } from './lease-record.ts'
import type { LeaseDeps } from './lease-deps.ts'
import { leasableOf } from './leasables.ts'
import { leaseWords } from './lease-words.ts'

/** Lines and bytes of one proxy's log at most; the newest lines. */
const MOST_LINES = 40_000
const MOST_BYTES = 8 * 1024 * 1024
/** Milliseconds reading one log may take. */
const PATIENCE = 20_000

/** The log of one proxy while it was raised, to be saved; `part` tells it from the others of the lease. */
export interface LeaseLog {
  part: string
  name: string
  title: string
  content: string
}

/** The logs that could be read, and why others could not. */
export interface LeaseLogs {
  files: LeaseLog[]
  unread: { pod: Ref; says: string }[]
}

/**
 * Reads what each raised proxy has logged since the lease began, redacted. Never rejects for a proxy that does not answer.
 * @throws the signal's reason
 */
export async function readLeaseLogs(
  lease: LeaseRecord,
  clients: Pick<LeaseDeps['clients'], 'kubernetes' | 'istioctl'>,
  signal: AbortSignal,
): Promise<LeaseLogs> {
  const read = await Promise.all(
    lease.proxies.filter(wasTouched).map(async (proxy) => {
      const holder = refOfPod(proxy)
      if (proxy.state === 'gone') return [{ pod: holder, says: 'its pod is gone, and its log with it' }]
      try {
        const pods = await leasableOf(lease).podsOf({ clients }, { lease, proxy }, within(signal))
        return await Promise.all(
          pods.map((pod) => readLog(lease, proxy, { pod, many: pods.length > 1 }, clients, signal)),
        )
      } catch (error) {
        return [{ pod: holder, says: unseen(error, signal) }]
      }
    }),
  )
  const all = read.flat()
  return { files: all.filter((one) => 'content' in one), unread: all.filter((one) => 'says' in one) }
}

const within = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)])

/** Why it could not be seen. @throws the signal's reason, and any other error */
function unseen(error: unknown, signal: AbortSignal): string {
  signal.throwIfAborted()
  if (!(error instanceof UnseenError)) throw error
  return error.message
}

async function readLog(
  lease: LeaseRecord,
  proxy: LeaseProxy,
  { pod, many }: { pod: Ref; many: boolean },
  { kubernetes }: Pick<Clients, 'kubernetes'>,
  signal: AbortSignal,
): Promise<LeaseLog | LeaseLogs['unread'][number]> {
  try {
    const limits = { sinceTime: lease.from, limitBytes: MOST_BYTES }
    const text = await kubernetes.log(pod, PROXY_CONTAINER, MOST_LINES, within(signal), limits)
    return logFile(lease, proxy, { pod, many }, text)
  } catch (error) {
    return { pod, says: unseen(error, signal) }
  }
}

function logFile(
  lease: LeaseRecord,
  proxy: LeaseProxy,
  { pod: { name, namespace = '' }, many }: { pod: Ref; many: boolean },
  text: string,
): LeaseLog {
  const words = leaseWords(lease)
  const clean = redact(text)
  const cut = Buffer.byteLength(text) >= MOST_BYTES || lineCount(text) >= MOST_LINES
  const notes = [
    ...(cut ? [`cut: its last ${MOST_LINES} lines, of these at most ${MOST_BYTES / 1024 / 1024} MiB`] : []),
    ...(proxy.state === 'restarted' ? ['the proxy was restarted: what it logged before that is not here'] : []),
  ]
  const head = [
    `# ${PROXY_CONTAINER} of ${name} in ${namespace}, from ${lease.from}`,
    `# ${words.done}: ${words.describe(lease.lent)}; secrets are redacted`,
    ...notes.map((note) => `# ${note}`),
  ]
  return {
    part: `log-${proxy.uid}${many ? `-${name}` : ''}`,
    name: `${name}-${lease.id}.log`,
    title: `Log of ${name} since ${lease.from.slice(11, 19)} UTC`,
    content: `${head.join('\n')}\n${clean}`,
  }
}

function lineCount(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1
  return count
}
