import { describe, expect, it } from 'vitest'
import { FollowSyntaxError, parseFollow } from '../../src/diagnosis/follow/question.ts'

describe('a request to follow', () => {
  it.each([
    ['catalog.example.com', { host: 'catalog.example.com', path: '/' }],
    ['catalog:8080/items?x=1', { host: 'catalog', port: 8080, path: '/items?x=1' }],
    [
      'https://Shop.example.com/cart',
      { host: 'shop.example.com', authority: 'Shop.example.com', scheme: 'https', path: '/cart' },
    ],
    ['catalog.shop?x=1', { host: 'catalog.shop', path: '/?x=1' }],
    ['10.96.0.7:80/', { host: '10.96.0.7', port: 80 }],
  ])('%s', (text, expected) => {
    expect(parseFollow(text)).toMatchObject({ method: 'GET', ...expected })
  })

  it('has a caller, a method and headers', () => {
    expect(
      parseFollow('shop', {
        namespace: 'shop',
        from: 'deploy/web.edge',
        method: 'post',
        headers: ['X-Tier=gold', 'x-empty=', 'cookie=a=b; c=d'],
      }),
    ).toMatchObject({
      namespace: 'shop',
      from: { kind: 'deploy', name: 'web', namespace: 'edge' },
      method: 'POST',
      headers: new Map([
        ['x-tier', 'gold'],
        ['x-empty', ''],
        ['cookie', 'a=b; c=d'],
      ]),
    })
    expect(parseFollow('shop', { from: 'ingress' }).from).toEqual({ kind: 'ingress' })
    expect(parseFollow('shop', { from: 'pod/web-1.example' }).from).toEqual({ kind: 'pod', name: 'web-1.example' })
  })

  it.each<[string, Parameters<typeof parseFollow>[1]?]>([
    [''],
    ['--context=x'],
    ['ftp://shop'],
    ['user:pass@shop/'],
    ['shop:0'],
    ['shop:99999'],
    ['shop/a b'],
    ['shop/\u0007'],
    [`shop/${'a'.repeat(3000)}`],
    ['sh$(id)op'],
    ['shop', { from: 'shop' }],
    ['shop', { from: 'deploy/--x' }],
    ['shop', { from: 'job/x' }],
    ['shop', { namespace: '-A' }],
    ['shop', { method: 'GET /' }],
    ['shop', { headers: ['no-value'] }],
    ['shop', { headers: ['x=a\r\ny: b'] }],
    ['shop', { headers: Array.from({ length: 31 }, (_, index) => `h${index}=1`) }],
  ])('%j %j is refused, with what would work', (text, words) => {
    expect(() => parseFollow(text, words)).toThrow(FollowSyntaxError)
    expect(() => parseFollow(text, words)).toThrow(/HOST\[:PORT\]\[\/PATH\]/)
  })
})
