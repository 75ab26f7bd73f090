import { describe, expect, it } from 'vitest'
import { milliseconds } from '../../src/mesh/duration.ts'

describe('milliseconds', () => {
  it.each([
    ['0.800s', 800],
    ['0s', 0],
    ['1m30s', 90_000],
    ['250ms', 250],
    ['1h', 3_600_000],
  ])('reads %s', (text, expected) => expect(milliseconds(text)).toBe(expected))
  it.each([
    ['', undefined],
    ['soon', undefined],
    ['5', undefined],
    ['-1s', undefined],
    [undefined, undefined],
  ])('refuses %s', (text, expected) => expect(milliseconds(text)).toBe(expected))
})
