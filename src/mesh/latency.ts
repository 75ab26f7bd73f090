/** The value below which a share of sorted numbers lies (nearest rank). 0 for none. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0
}

/** Latencies of a number of requests; milliseconds. */
export interface Latency {
  count: number
  p50: number
  p95: number
  p99: number
}

/** What durations in milliseconds come to. */
export function latencyOf(durations: readonly number[]): Latency {
  const sorted = durations.toSorted((a, b) => a - b)
  return {
    count: sorted.length,
    p50: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    p99: quantile(sorted, 0.99),
  }
}

/**
 * How likely it is that durations as long as `some` come of the same source as `others`: the one-sided rank-sum test of Mann and Whitney, by its
 * normal approximation with corrections for ties and continuity. A duration that was cut off counts as it is, which makes `some` seem no slower than
 * they are. 1 where either is empty.
 */
export function chanceOfAsSlow(some: readonly number[], others: readonly number[]): number {
  const [n, m] = [some.length, others.length]
  if (n === 0 || m === 0) return 1
  const all = [
    ...some.map((value) => ({ value, isOfSome: true })),
    ...others.map((value) => ({ value, isOfSome: false })),
  ].toSorted((a, b) => a.value - b.value)
  let ranks = 0
  let ties = 0
  for (let from = 0; from < all.length;) {
    let to = from
    while (to < all.length && all[to]?.value === all[from]?.value) to += 1
    const equal = to - from
    ties += equal ** 3 - equal
    ranks += all.slice(from, to).filter(({ isOfSome }) => isOfSome).length * ((from + 1 + to) / 2)
    from = to
  }
  const wins = ranks - (n * (n + 1)) / 2
  const variance = ((n * m) / 12) * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
  return variance <= 0 ? 1 : upperTail((wins - (n * m) / 2 - 0.5) / Math.sqrt(variance))
}

/** The share of a normal distribution above a value (Abramowitz and Stegun, 7.1.26; off by at most 1.5e-7). */
function upperTail(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + 0.3275911 * x)
  const tail =
    0.5 *
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) *
    Math.exp(-x * x)
  return z >= 0 ? tail : 1 - tail
}
