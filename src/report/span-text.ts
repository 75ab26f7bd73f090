/** Microseconds as people read them: `0.09 ms`, `500.8 ms`, `12.3 s`. */
export function spanText(microseconds: number): string {
  const milliseconds = microseconds / 1000
  const size = Math.abs(milliseconds)
  if (size >= 10_000) return `${(milliseconds / 1000).toFixed(1)} s`
  return `${milliseconds.toFixed(size < 1 ? 2 : 1)} ms`
}

/** The time of day of microseconds since the epoch, UTC: `04:09:47.323754`. */
export const clockText = (microseconds: number): string =>
  `${new Date(Math.floor(microseconds / 1000)).toISOString().slice(11, 23)}${String(microseconds % 1000).padStart(3, '0')}`
