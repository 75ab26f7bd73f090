import { describe, expect, it } from 'vitest'
import { chanceOfAsSlow, latencyOf } from '../../src/mesh/latency.ts'

describe('latencies', () => {
  it('are the nearest ranks', () => {
    const durations = Array.from({ length: 100 }, (_, index) => 100 - index)
    expect(latencyOf(durations)).toEqual({ count: 100, p50: 50, p95: 95, p99: 99 })
    expect(latencyOf([7])).toEqual({ count: 1, p50: 7, p95: 7, p99: 7 })
    expect(latencyOf([])).toEqual({ count: 0, p50: 0, p95: 0, p99: 0 })
  })
})

describe('the rank-sum test', () => {
  // What scipy.stats.mannwhitneyu gives (some, others, alternative='greater', method='asymptotic', use_continuity=True).
  it.each([
    [[19, 22, 16, 29, 24], [20, 11, 17, 12], 0.0556734],
    [[500, 500, 500, 500, 500], [1, 2, 1, 3, 1, 2, 1, 1, 2, 1, 1, 1], 0.0004214],
    [[1, 2, 3], [1, 2, 3], 0.5902615],
    [[1, 1, 1], [5, 6, 7, 8], 0.9914569],
  ])('of %j and %j', (some, others, chance) => {
    expect(chanceOfAsSlow(some, others)).toBeCloseTo(chance, 6)
  })

  it('says nothing of nothing, nor of what is all alike', () => {
    expect(chanceOfAsSlow([], [1])).toBe(1)
    expect(chanceOfAsSlow([1], [])).toBe(1)
    expect(chanceOfAsSlow([3, 3, 3], [3, 3, 3, 3])).toBe(1)
  })
})
