import { describe, expect, it } from 'vitest'
import {
  conditionsOf,
  conditionsOfRoute,
  covers,
  isCatchAll,
  isMadeFrom,
  takesPath,
} from '../../src/mesh/http-match.ts'
import type { HttpMatch } from '../../src/mesh/objects.ts'

const prefix = (value: string, more: HttpMatch = {}): HttpMatch => ({ uri: { prefix: value }, ...more })

describe('one match covers another', () => {
  it.each<[string, HttpMatch | undefined, HttpMatch | undefined, boolean]>([
    ['a route without a match takes everything', undefined, prefix('/items'), true],
    ['a prefix takes longer ones', prefix('/items'), prefix('/items/1'), true],
    ['a prefix is a text, not a folder', prefix('/items'), { uri: { exact: '/itemset' } }, true],
    ['a longer prefix takes less', prefix('/items/1'), prefix('/items'), false],
    ['one path is taken by itself', { uri: { exact: '/items' } }, { uri: { exact: '/items' } }, true],
    ['one path takes no prefix', { uri: { exact: '/items' } }, prefix('/items'), false],
    ['a condition takes less', prefix('/items', { headers: { beta: { exact: 'yes' } } }), prefix('/items'), false],
    [
      'the same condition and one more is taken',
      prefix('/items', { headers: { beta: { exact: 'yes' } } }),
      prefix('/items', { headers: { beta: { exact: 'yes' } }, method: { exact: 'GET' } }),
      true,
    ],
    ['a caseless prefix takes the other', prefix('/Items', { ignoreUriCase: true }), prefix('/items'), true],
    ['and not the reverse', prefix('/items'), prefix('/items', { ignoreUriCase: true }), false],
    [
      'regular expressions are taken only by themselves',
      { uri: { regex: '/i.*' } },
      { uri: { regex: '/it.*' } },
      false,
    ],
  ])('%s', (_, wide, narrow, expected) => {
    expect(covers(conditionsOf(wide), conditionsOf(narrow))).toBe(expected)
  })
})

it('only a match of everything is a catch-all', () => {
  expect(isCatchAll(conditionsOf(undefined))).toBe(true)
  expect(isCatchAll(conditionsOf(prefix('/')))).toBe(true)
  expect(isCatchAll(conditionsOf(prefix('/', { method: { exact: 'GET' } })))).toBe(false)
})

it.each<[HttpMatch | undefined, string | undefined, boolean]>([
  [prefix('/items'), '/items/1?x=/', true],
  [prefix('/items'), '/other?x=/items', false],
  [{ uri: { exact: '/items' } }, '/items#top', true],
  [undefined, '/any', true],
  [prefix('/ITEMS', { ignoreUriCase: true }), '/items', true],
  [prefix('/items', { method: { exact: 'GET' } }), '/items', false],
  [{ uri: { regex: '.*' } }, '/items', false],
  [undefined, undefined, false],
])('%j takes %s for certain: %s', (match, path, expected) => {
  expect(takesPath(conditionsOf(match), path)).toBe(expected)
})

it("an Envoy route is known as made from a VirtualService's match", () => {
  expect(isMadeFrom(conditionsOfRoute({ prefix: '/items', caseSensitive: true }), conditionsOf(prefix('/items')))).toBe(
    true,
  )
  expect(
    isMadeFrom(conditionsOfRoute({ prefix: '/items', headers: [{ name: 'beta' }] }), conditionsOf(prefix('/items'))),
  ).toBe(false)
  expect(isMadeFrom(conditionsOfRoute({ path: '/items' }), conditionsOf({ uri: { exact: '/items' } }))).toBe(true)
})
