/** Milliseconds of a duration as protojson and Istio write it (`0.800s`, `1m30s`, `250ms`); undefined for anything else. */
export function milliseconds(duration: string | undefined): number | undefined {
  if (duration === undefined || !/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(duration)) return undefined
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }
  return [...duration.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)].reduce(
    (sum, [, amount, unit = 's']) => sum + Number(amount) * (units[unit] ?? 0),
    0,
  )
}

/** A length of time (milliseconds) as a person would say it, in two digits from a second on: `1.2 s`, `480 ms`. */
export function durationText(length: number): string {
  const seconds = Number((length / 1000).toPrecision(2))
  return seconds >= 1 ? `${seconds} s` : `${Math.round(length)} ms`
}

/** How long an answer took (milliseconds), with a digit after the point where that tells something: `0.3 ms`, `480 ms`. */
export const latencyText = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`

/** A time of day, `02:26:04 UTC`, of milliseconds since the epoch or an ISO time. */
export const clockText = (at: number | string): string => `${new Date(at).toISOString().slice(11, 19)} UTC`
