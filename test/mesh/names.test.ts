import { describe, expect, it } from 'vitest'
import { isDnsLabel, isDnsName, nearestNames } from '../../src/mesh/names.ts'

describe('names', () => {
  it.each(['a', 'catalog', 'catalog-v2', '0a', 'a'.repeat(63)])('%j is a label', (text) => {
    expect(isDnsLabel(text)).toBe(true)
  })
  it.each(['', '-a', 'a-', 'A', 'a.b', 'a_b', 'a'.repeat(64), 'a\n', '\na', 'ä', 'a b', '$(id)'])(
    '%j is no label',
    (text) => {
      expect(isDnsLabel(text)).toBe(false)
    },
  )
  it.each(['a', 'a.b', '*.example.com', 'a-1.b-2.c', 'a'.repeat(253)])('%j is a name', (text) => {
    expect(isDnsName(text)).toBe(true)
  })
  it.each([
    '',
    '*',
    '*.',
    'a..b',
    '.a',
    'a.',
    'a.*.b',
    '**.a',
    'a*',
    '-a.b',
    'a\n',
    'a;b',
    'a/b',
    'a'.repeat(254),
    '--kubeconfig=x',
  ])('%j is no name', (text) => {
    expect(isDnsName(text)).toBe(false)
  })

  it('of a hostile length are judged at once', () => {
    for (const text of ['a-'.repeat(500_000), `${'a.'.repeat(500_000)}!`, '-'.repeat(1_000_000)])
      expect(isDnsName(text)).toBe(false)
    // What is just short enough is where a bad pattern would take for ever.
    expect(isDnsName(`${'a-'.repeat(126)}!`)).toBe(false)
    expect(isDnsName(`${'a'.repeat(250)}!`)).toBe(false)
  })
})

describe('the nearest names', () => {
  const there = ['catalog', 'catalog-v2', 'webapp', 'inventory', 'istio-ingressgateway']

  it.each([
    ['catalogue', ['catalog', 'catalog-v2']],
    ['catlog', ['catalog']],
    ['CATALOG', ['catalog', 'catalog-v2']],
    ['web', ['webapp']],
    ['orders', []],
  ])('of %j are %j', (typed, names) => {
    expect(nearestNames(typed, there)).toEqual(names)
  })

  it('are each said once, at most so many, the nearest first and equals by name', () => {
    expect(nearestNames('catalog', ['catalog-c', 'catalog-a', 'catalog-b', 'catalog-a', 'catalog-d'])).toEqual([
      'catalog-a',
      'catalog-b',
      'catalog-c',
    ])
    expect(nearestNames('catalog', ['catalog-a', 'catalog-b'], 1)).toEqual(['catalog-a'])
  })

  it('begin with the name itself when it is there', () => {
    expect(nearestNames('catalog', ['catalo', 'catalog'])[0]).toBe('catalog')
  })
})
