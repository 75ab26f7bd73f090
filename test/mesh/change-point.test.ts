import { expect, it } from 'vitest'
import { changePoint } from '../../src/mesh/change-point.ts'

const T0 = Date.parse('2026-11-30T12:00:00Z')
const points = (...values: number[]): { at: number; value: number }[] =>
  values.map((value, index) => ({ at: T0 + index * 60_000, value }))

it('is the point from which on it stays as it is', () => {
  expect(changePoint(points(0, 0, 0.01, 0, 0.3, 0.28, 0.31))).toEqual({
    at: '2026-11-30T12:04:00.000Z',
    before: 0.0025,
    after: expect.closeTo(0.2967, 3) as number,
  })
})

it.each([
  ['nothing fails', points(0, 0, 0, 0)],
  ['it was always so', points(0.3, 0.3, 0.3, 0.3)],
  ['it is over', points(0, 0.5, 0.5, 0, 0, 0)],
  ['nobody called', points(NaN, NaN, NaN)],
  ['there is one point before', points(0, 0.4, 0.4, 0.4)],
  ['there are no points', []],
])('is none where %s', (_, series) => {
  expect(changePoint(series)).toBeUndefined()
})

it('leaves out minutes without requests', () => {
  expect(changePoint(points(0, NaN, 0, NaN, 0.5, NaN, 0.5))?.at).toBe('2026-11-30T12:04:00.000Z')
})

it('takes the last rise', () => {
  expect(changePoint(points(0, 0, 0.5, 0.5, 0, 0, 0.5, 0.5))?.at).toBe('2026-11-30T12:06:00.000Z')
})
