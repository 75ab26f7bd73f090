import { expect, it } from 'vitest'
import { isWithin } from '../../src/fixes/merge.ts'

const GATEWAY_API = 'gateway.networking.k8s.io/v1'

it.each([
  ['defaults beside what was set', { a: 1 }, { a: 1, b: 2 }, true],
  ['another value', { a: 1 }, { a: 2 }, false],
  ['what is missing', { a: { b: 1 } }, { a: {} }, false],
  ['defaults inside of a list that is one value', { rules: [{ name: 's' }] }, { rules: [{ name: 's', weight: 1 }] }, true],
  ['another order of such a list', { rules: ['a', 'b'] }, { rules: ['b', 'a'] }, false],
  ['more items of such a list', { rules: ['a'] }, { rules: ['a', 'b'] }, false],
  ['other items of a list with keys', { listeners: [{ name: 'a', port: 1 }] }, { listeners: [{ name: 'b' }, { name: 'a', port: 1 }] }, true],
  ['another field of an item with a key', { listeners: [{ name: 'a', port: 1 }] }, { listeners: [{ name: 'a', port: 2 }] }, false],
  ['no list', { rules: ['a'] }, { rules: 'a' }, false],
])('%s', (_what, part, whole, is) => {
  expect(isWithin(part, whole, GATEWAY_API)).toBe(is)
}) // prettier-ignore
