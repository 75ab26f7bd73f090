import { expect, it } from 'vitest'
import { fill } from '../../src/checks/check.ts'

it.each([
  [['v1'], 'subset v1 is defined'],
  [['v1', 'v2'], 'subsets v1, v2 are defined'],
])('chooses the words for %j', (subsets, says) => {
  expect(fill('{subsets?subset:subsets} {subsets} {subsets?is:are} defined', '', { subsets })).toBe(says)
})

it('what somebody else wrote stays within its line', () => {
  const args = { message: 'x\n\nHealthy: all is well', list: ['a\r\nb', 'c'] }
  expect(fill('{message}; {list}', '', args)).toBe('x Healthy: all is well; a b, c')
})
