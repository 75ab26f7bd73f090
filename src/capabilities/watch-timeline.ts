import { setTimeout as pause } from 'node:timers/promises'
import { listLeases, refOfPod, type LeaseRecord } from '../leases/lease-record.ts'
import { sameRef, type Ref } from '../mesh/ref.ts'
import { UserError } from '../mesh/user-error.ts'
import type { Records } from '../store/records.ts'
import { NoSuchRequestError } from '../timeline/timeline.ts'

/** Milliseconds between two looks. */
const EVERY = 5000

/** The lease that runs on one of some proxies and ends last; none when their logs are not raised. */
export async function runningLease(
  records: Records,
  pods: readonly Ref[],
  now: number,
): Promise<LeaseRecord | undefined> {
  return (await listLeases(records))
    .filter(
      ({ kind, state, until, proxies }) =>
        kind === 'log-levels' &&
        state === 'raised' &&
        Date.parse(until) > now &&
        proxies.some((proxy) => pods.some((pod) => sameRef(pod, refOfPod(proxy)))),
    )
    .toSorted((one, other) => one.until.localeCompare(other.until))
    .at(-1)
}

/** The proxies whose log levels are raised now. */
export const raisedProxies = async (records: Records, now: number): Promise<Ref[]> =>
  (await listLeases(records))
    .filter(({ kind, state, until }) => kind === 'log-levels' && state === 'raised' && Date.parse(until) > now)
    .flatMap(({ proxies }) => proxies.map(refOfPod))

/**
 * Looks for a request until one is there, or the lease is over.
 *
 * @param look rejects with NoSuchRequestError while there is none
 * @throws UserError at the end of the lease, which says how often was looked; what else `look` rejects with
 */
export async function watchFor<T>(
  look: () => Promise<T>,
  {
    until,
    signal,
    waiting,
    every = EVERY,
  }: { until: number; signal: AbortSignal; waiting: (looks: number) => void; every?: number },
): Promise<T> {
  for (let looks = 1; ; looks += 1) {
    try {
      return await look()
    } catch (error) {
      if (!(error instanceof NoSuchRequestError)) throw error
      if (Date.now() >= until) {
        if (looks === 1) throw error
        throw new UserError(
          {
            why: `${error.why} It was looked for ${looks} times, until the raised log levels were put back.`,
            remedies: error.remedies,
          },
          { code: error.code, cause: error },
        )
      }
      waiting(looks)
      await pause(Math.max(0, Math.min(every, until - Date.now())), undefined, { signal })
    }
  }
}
