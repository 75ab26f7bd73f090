import { UnseenError, type Clients } from '../evidence/clients/clients.ts'
import { redact } from '../evidence/redaction.ts'
import { PROXY_CONTAINER } from '../mesh/pods.ts'
import type { Ref } from '../mesh/ref.ts'
import { refOfPod, wasTouched, type LeaseRecord, type LeaseProxy } from './lease-record.ts'
import { leasableOf } from './leasables.ts'

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
  { kubernetes }: Pick<Clients, 'kubernetes'>,
  signal: AbortSignal,
): Promise<LeaseLogs> {
  const read = await Promise.all(
    lease.proxies.filter(wasTouched).map(async (proxy) => {
      const pod = refOfPod(proxy)
      try {
        if (proxy.state === 'gone') return { pod, says: 'its pod is gone, and its log with it' }
        const limits = { sinceTime: lease.from, limitBytes: MOST_BYTES }
        return logFile(
          lease,
          proxy,
          await kubernetes.log(
            pod,
            PROXY_CONTAINER,
            MOST_LINES,
            AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]),
            limits,
          ),
        )
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof UnseenError)) throw error
        return { pod, says: error.message }
      }
    }),
  )
  return { files: read.filter((one) => 'content' in one), unread: read.filter((one) => 'says' in one) }
}

function logFile(lease: LeaseRecord, proxy: LeaseProxy, text: string): LeaseLog {
  const { name, namespace = '' } = refOfPod(proxy)
  const clean = redact(text)
  const cut = Buffer.byteLength(text) >= MOST_BYTES || lineCount(text) >= MOST_LINES
  const notes = [
    ...(cut ? [`cut: its last ${MOST_LINES} lines, of these at most ${MOST_BYTES / 1024 / 1024} MiB`] : []),
    ...(proxy.state === 'restarted' ? ['the proxy was restarted: what it logged before that is not here'] : []),
  ]
  const head = [
    `# ${PROXY_CONTAINER} of ${name} in ${namespace}, from ${lease.from}`,
    `# raised: ${leasableOf(lease).describe(lease.lent)}; secrets are redacted`,
    ...notes.map((note) => `# ${note}`),
  ]
  return {
    part: `log-${proxy.uid}`,
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
