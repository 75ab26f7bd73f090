import { defined } from '../../mesh/defined.ts'

/** When something began and ended, by the cluster's clock, and how long it took. */
export interface Timing {
  /** ISO times. */
  at: string
  until: string
  milliseconds: number
  /** Of a look that was not answered in time: how long it was waited for. */
  late?: string
}

/** Starts timing something, named by the id of its step; what it answers ends it, with why when it was not answered in time. */
export type Stopwatch = (what: string) => (late?: string) => Timing

/** Times by a cluster's clock; a replay has the times of its recording instead. */
export const stopwatch =
  (now: (machineTime?: number) => Date): Stopwatch =>
  () => {
    const [began, from] = [Date.now(), performance.now()]
    return (late) => ({
      at: now(began).toISOString(),
      until: now().toISOString(),
      milliseconds: Math.round(performance.now() - from),
      ...defined({ late }),
    })
  }

/** Times by the clients' own stopwatch, where they have one. */
export const timed = (
  { timing, now }: { timing?: Stopwatch; now: (machineTime?: number) => Date },
  what: string,
): ((late?: string) => Timing) => (timing ?? stopwatch((at) => now(at)))(what)
