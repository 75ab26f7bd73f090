import { setTimeout as pause } from 'node:timers/promises'
import { UnseenError } from '../evidence/clients/clients.ts'
import { opaqueId } from '../store/opaque-id.ts'
import { ConflictError, type Records } from '../store/records.ts'

/** Stored under this name by releases before. */
const COLLECTION = 'proxies-in-hand'
/** Seconds until others may take a proxy whose holder died. An istioctl that outlives its killed parent is long done by then. */
const KEPT_SECONDS = 20
/** Milliseconds a holder may act: less, so that no two ever do. */
const ACTS = 14_000
const LOOK_AGAIN = 100

/** Held by the one process that may read and set what is raised on a proxy now. */
export interface ProxyLock {
  /** Aborts when the time to act is over. */
  signal: AbortSignal
  /** To be called right before setting anything: a process that was frozen meanwhile has lost the lock. @throws UnseenError `timeout` */
  requireTime(): void
}

/**
 * Acts on a proxy while nobody else does, in whatever process: what a process that raises is about to set would outlast a put-back that has just looked.
 * @param uid of the pod
 * @param patience milliseconds to wait for somebody else to be done
 * @returns undefined when somebody else had it all the time
 */
export async function withProxyLock<T>(
  records: Records,
  uid: string,
  { signal, patience }: { signal: AbortSignal; patience: number },
  act: (lock: ProxyLock) => Promise<T>,
): Promise<T | undefined> {
  const version = await take(records, uid, signal, patience)
  if (version === undefined) return undefined
  const end = Date.now() + ACTS
  try {
    return await act({
      signal: AbortSignal.any([signal, AbortSignal.timeout(ACTS)]),
      requireTime() {
        if (Date.now() > end) throw new UnseenError('timeout', `nothing was set within ${ACTS / 1000} s`)
      },
    })
  } finally {
    // What can't be put back, because the store is away, expires.
    await records.remove(COLLECTION, uid, { expected: version }).catch(() => undefined)
  }
}

async function take(records: Records, uid: string, signal: AbortSignal, patience: number): Promise<number | undefined> {
  for (const late = Date.now() + patience; ;) {
    signal.throwIfAborted()
    try {
      return await records.write(
        COLLECTION,
        uid,
        { by: opaqueId() },
        { expected: 'absent', expiresInSeconds: KEPT_SECONDS },
      )
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error
    }
    if (Date.now() >= late) return undefined
    await pause(LOOK_AGAIN, undefined, { signal })
  }
}
