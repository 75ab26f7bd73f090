import { describe, expect, it } from 'vitest'
import { parseTarget, TargetSyntaxError } from '../../src/mesh/target-query.ts'

describe('a target', () => {
  it.each([
    ['catalog', { form: 'name', name: 'catalog' }],
    ['  catalog\t', { form: 'name', name: 'catalog' }],
    ['catalog:80', { form: 'name', name: 'catalog', port: 80 }],
    ['catalog.shop', { form: 'name', name: 'catalog', namespace: 'shop' }],
    ['svc/catalog', { form: 'name', name: 'catalog' }],
    ['service/catalog.shop', { form: 'name', name: 'catalog', namespace: 'shop' }],
    ['deploy/catalog', { form: 'deploy', name: 'catalog' }],
    ['Deployment/catalog.shop', { form: 'deploy', name: 'catalog', namespace: 'shop' }],
    ['deployment.apps/catalog', { form: 'deploy', name: 'catalog' }],
    ['pod/catalog-55d5974664-xffdp', { form: 'pod', name: 'catalog-55d5974664-xffdp' }],
    ['po/name.with.dots', { form: 'pod', name: 'name.with.dots' }],
    ['catalog.shop.svc.cluster.local', { form: 'host', name: 'catalog.shop.svc.cluster.local' }],
    ['shop.example.com:8443', { form: 'host', name: 'shop.example.com', port: 8443 }],
    ['shop.example.com/items', { form: 'host', name: 'shop.example.com', path: '/items' }],
    ['*.example.com', { form: 'host', name: '*.example.com' }],
    ['http://shop.example.com', { form: 'host', name: 'shop.example.com', port: 80, path: '/' }],
    ['https://shop.example.com/items?x=1', { form: 'host', name: 'shop.example.com', port: 443, path: '/items' }],
    ['http://catalog:8080/items', { form: 'host', name: 'catalog', port: 8080, path: '/items' }],
    ['HTTP://Shop.Example.com/', { form: 'host', name: 'shop.example.com', port: 80, path: '/' }],
  ])('%j', (text, expected) => {
    const { text: _, ...query } = parseTarget(text)
    expect(query).toEqual(expected)
  })

  it('may be given its namespace beside it', () => {
    expect(parseTarget('catalog', 'shop')).toMatchObject({ name: 'catalog', namespace: 'shop' })
    expect(parseTarget('catalog.shop', 'shop')).toMatchObject({ namespace: 'shop' })
    expect(() => parseTarget('catalog.shop', 'other')).toThrow('names namespace shop, -n says other')
  })
})

describe('what is no target', () => {
  const hostile = [
    '',
    '   ',
    '--kubeconfig=x',
    '-n',
    '-o',
    '--',
    '$(id)',
    '`id`',
    '${HOME}',
    'catalog;id',
    'catalog; rm -rf /',
    'catalog|cat',
    'catalog&',
    'catalog>x',
    'a b',
    "catalog'",
    'catalog"',
    'catalog\\',
    'catalog\nother',
    'catalog\rx',
    'catalog\0',
    'cat\u200blog',
    'ｃatalog',
    'каталог',
    'catalog\u202e',
    'CATALOG_1',
    'cat_alog',
    '.',
    '..',
    '../x',
    '/',
    '//',
    '/etc/passwd',
    'deploy/',
    'deploy/--all',
    'deploy/-x',
    'deploy/a/b',
    'deploy/a.b.c',
    'pod/$(id)',
    'secret/token',
    'svc/',
    'configmap/x',
    'constructor/x',
    '__proto__/x',
    'toString/x',
    'a..b',
    '.a',
    'a.',
    '*',
    '*.',
    'a*b.example.com',
    'catalog:',
    'catalog:0',
    'catalog:65536',
    'catalog:99999',
    'catalog:80:80',
    'catalog:x',
    'catalog:-1',
    '<!channel>',
    '<@U123>',
    '@catalog',
    '#catalog',
    '%2e%2e',
    '://x',
    'ftp://x',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'http://',
    'http://--x',
    'http://user:password@shop.example.com/',
    'http://[::1]/',
    'http://a_b/',
    'http://$(id)/',
    'http://x:99999/',
    'a'.repeat(300),
    'a.'.repeat(200) + 'a',
    'x'.repeat(1_000_000),
    `${'a/'.repeat(100_000)}b`,
  ]
  it.each(hostile.map((text) => [text.length > 60 ? `${text.slice(0, 60)}… (${text.length})` : text, text]))(
    '%j',
    (_, text) => {
      let error: unknown
      try {
        const query = parseTarget(text)
        error = new Error(`read as ${JSON.stringify(query).slice(0, 200)}`)
      } catch (thrown) {
        error = thrown
      }
      expect(error).toBeInstanceOf(TargetSyntaxError)
      expect(error).toMatchObject({ code: 'target-syntax' })
      // Whoever typed it is told what would work, in a line that fits a message.
      expect((error as Error).message).toMatch(/A target is a service/)
      expect((error as Error).message.length).toBeLessThan(400)
    },
  )

  it.each(['--all-namespaces', 'Shop', 'a.b', '', 'shop\n', '$(id)', '-A', 'a'.repeat(64), '*'])(
    'namespace %j',
    (namespace) => {
      expect(() => parseTarget('catalog', namespace)).toThrow(TargetSyntaxError)
    },
  )
})
