/** A time in words: `0.4 ms`, `12 ms`, `1,203 ms`, `12.3 s`. */
export function span(milliseconds: number): string {
  const ms = Math.max(0, milliseconds)
  if (ms < 9.95) return `${Number(ms.toFixed(1))} ms`
  if (ms < 10_000) return `${grouped(Math.round(ms))} ms`
  return `${Number((ms / 1000).toFixed(1))} s`
}

/** Times of the same thing: `500 ms`, `498 to 512 ms`. */
export function spans(all: readonly number[]): string {
  const [least, most] = extent(all)
  const [from, to] = [span(least), span(most)]
  if (from === to) return from
  const [, unit = ''] = to.split(' ')
  return from.endsWith(` ${unit}`) ? `${from.slice(0, -unit.length - 1)} to ${to}` : `${from} to ${to}`
}

/** The least and the greatest; there may be more of them than a call takes arguments. */
export function extent(all: readonly number[]): [least: number, most: number] {
  let [least, most] = [Infinity, -Infinity]
  for (const one of all) {
    if (one < least) least = one
    if (one > most) most = one
  }
  return [least, most]
}

/** `1,234`. */
export const grouped = (number: number): string => String(number).replace(/\B(?=(\d{3})+$)/g, ',')

/** `1 stream`, `12 streams`. */
export const counted = (number: number, noun: string): string => `${grouped(number)} ${noun}${number === 1 ? '' : 's'}`
