import { setTimeout as pause } from 'node:timers/promises'
import { listLeases } from './lease-record.ts'
import { sweepLeases, type SweepDeps } from './sweep-leases.ts'

/** Milliseconds between two sweeps. */
const EVERY = 15_000
/** Milliseconds after which the same trouble of a lease is told again. */
const TOLD_AGAIN = 3600_000
/** Milliseconds after a lease's time: so that it is over when somebody looks. */
const GRACE = 50

/** Leases are kept until this is stopped. */
export interface LeaseKeeping {
  /** Sweeps now: a person has just put something back, and what it logged is to be shown without a wait. */
  soon(): void
  /** Ends the sweeping; what is being put back is left to another process, or to the next start. */
  stop(): Promise<void>
}

/**
 * Sweeps the leases now, every 15 s, when the time of one is over, and when asked to. No job or timer of a lease's own is relied on.
 * @param trouble hears of a sweep that failed, as does `deps.trouble` of a lease
 */
export function keepLeases(
  deps: SweepDeps,
  { every = EVERY, trouble }: { every?: number; trouble: (error: unknown) => void },
): LeaseKeeping {
  const stop = new AbortController()
  let nap = new AbortController()
  const told = new Map<string, { says: string; at: number }>()
  const swept: SweepDeps = {
    ...deps,
    // What goes on, a record that cannot be read say, is told once an hour and not at every sweep.
    trouble(error, lease) {
      const says = String(error)
      const last = told.get(lease)
      if (last?.says === says && Date.now() - last.at < TOLD_AGAIN) return
      told.set(lease, { says, at: Date.now() })
      deps.trouble?.(error, lease)
    },
  }
  const keeping = (async () => {
    while (!stop.signal.aborted) {
      nap = new AbortController()
      const wait = await once(swept, every, stop.signal, trouble)
      await pause(wait, undefined, { signal: AbortSignal.any([stop.signal, nap.signal]) }).catch(() => undefined)
    }
  })()
  return {
    soon: () => nap.abort(),
    async stop() {
      stop.abort()
      await keeping
    },
  }
}

/** One sweep. @returns milliseconds until the next */
async function once(
  deps: SweepDeps,
  every: number,
  signal: AbortSignal,
  trouble: (error: unknown) => void,
): Promise<number> {
  try {
    await sweepLeases(deps, signal)
    const ends = (await listLeases(deps.records))
      .filter(({ state }) => state === 'raising' || state === 'raised')
      .map(({ until }) => Date.parse(until) - Date.now() + GRACE)
    return Math.max(GRACE, Math.min(every, ...ends))
  } catch (error) {
    if (!signal.aborted) trouble(error)
    return every
  }
}
