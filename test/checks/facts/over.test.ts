import { expect, it } from 'vitest'
import { areOver } from '../../../src/checks/facts/over.ts'

it.each([
  // failed, until, since
  ['23 of 36 failed, then 4 were answered: a route that times out now and then', 23, 36, 4, false],
  ['10 of 10 failed, then one was answered', 10, 10, 1, false],
  ['10 of 10 failed, then 3 were answered', 10, 10, 3, true],
  ['half of 4 failed, then 12 were answered', 2, 4, 12, true],
  ['one of 10 failed, then 12 were answered', 1, 10, 12, false],
  ['none failed', 0, 0, 10, false],
  ['nothing came since', 5, 5, 0, false],
])('%s', (_name, failed, until, since, over) => {
  expect(areOver(failed, until, since)).toBe(over)
})
