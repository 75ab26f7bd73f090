import { describe, expect, it } from 'vitest'
import { differences, pathText } from '../../src/fixes/compare.ts'

const places = (before: unknown, after: unknown): string[] =>
  differences(before, after).map(
    (one) =>
      `${one.before === undefined ? '' : pathText(one.before)} > ${one.after === undefined ? '' : pathText(one.after)}`,
  )

describe('places where two objects differ', () => {
  it('are none for equal objects, whatever the order of their fields', () => {
    expect(places({ a: 1, b: { c: [1, 2] } }, { b: { c: [1, 2] }, a: 1 })).toEqual([])
    expect(places({ a: [{ b: 1, c: 2 }] }, { a: [{ c: 2, b: 1 }] })).toEqual([])
  })

  it('are named by field and by item', () => {
    expect(places({ spec: { http: [{ timeout: '1s' }] } }, { spec: { http: [{ timeout: '2s' }] } })).toEqual([
      'spec.http[0].timeout > spec.http[0].timeout',
    ])
    expect(places({ spec: { a: 1 } }, { spec: { b: 1 } })).toEqual(['spec.a > ', ' > spec.b'])
    expect(places({ labels: { 'app/x': '1' } }, { labels: { 'app/x': '2' } })).toEqual([
      'labels["app/x"] > labels["app/x"]',
    ])
  })

  it('of lists are one for an item put in front, and the pair for an item that changed after it', () => {
    const [a, b, c] = [{ name: 'a' }, { name: 'b', to: 1 }, { name: 'c' }]
    expect(places([a, b, c], [{ name: 'new' }, a, b, c])).toEqual([' > [0]'])
    expect(places([a, b, c], [{ name: 'new' }, a, { ...b, to: 2 }, c])).toEqual([' > [0]', '[1].to > [2].to'])
    expect(places([a, b, c], [a, c])).toEqual(['[1] > '])
  })

  it('of long lists are compared place by place', () => {
    const long = Array.from({ length: 800 }, (_, index) => index)
    expect(places(long, [...long.slice(0, 700), -1, ...long.slice(701)])).toEqual(['[700] > [700]'])
  })

  it('are those of types and of nothing', () => {
    expect(places({ a: '1' }, { a: 1 })).toEqual(['a > a'])
    expect(places({ a: null }, {})).toEqual(['a > '])
    expect(places({ a: [] }, { a: {} })).toEqual(['a > a'])
  })
})
