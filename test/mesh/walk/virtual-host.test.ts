import { describe, expect, it } from 'vitest'
import type { RouteConfiguration } from '../../../src/mesh/envoy.ts'
import { lookedUpHost, virtualHostFor } from '../../../src/mesh/walk/virtual-host.ts'

const CONFIGURATION: RouteConfiguration = {
  virtualHosts: [
    { name: 'all', domains: ['*'] },
    { name: 'example', domains: ['*.example.com', 'example.com'] },
    { name: 'deep', domains: ['*.shop.example.com'] },
    { name: 'dashed', domains: ['*-shop.example.com'] },
    { name: 'prefix', domains: ['shop.*'] },
    { name: 'longer-prefix', domains: ['shop.example.*'] },
    { name: 'exact', domains: ['Web.Shop.example.com', 'web.shop.example.com:8080'] },
  ],
}

describe('the virtual host of a host', () => {
  it.each([
    ['web.shop.example.com', 'exact'],
    ['web.shop.example.com:8080', 'exact'],
    ['web.shop.example.com:9090', 'all'],
    ['other.shop.example.com', 'deep'],
    ['a.b.shop.example.com', 'deep'],
    ['shop.example.com', 'example'],
    ['my-shop.example.com', 'dashed'],
    ['-shop.example.com', 'example'],
    ['example.com', 'example'],
    ['.example.com', 'all'],
    ['shop.example.org', 'longer-prefix'],
    ['shop.test', 'prefix'],
    ['shop.', 'all'],
    ['nothing.test', 'all'],
  ])('%s is %s', (host, expected) => {
    expect(virtualHostFor(CONFIGURATION, host)?.virtualHost.name).toBe(expected)
  })

  it('is none without a catch-all', () => {
    expect(
      virtualHostFor({ virtualHosts: [{ name: 'one', domains: ['one.example.com'] }, {}] }, 'two.example.com'),
    ).toBeUndefined()
    expect(virtualHostFor({}, 'one.example.com')).toBeUndefined()
  })
})

describe('the host that is looked up', () => {
  it.each([
    ['Shop.Example.com:8080', {}, {}, 'shop.example.com:8080'],
    ['shop.example.com:8080', { ignorePortInHostMatching: true }, {}, 'shop.example.com'],
    ['shop.example.com:8080', {}, { stripAnyHostPort: true }, 'shop.example.com'],
    ['shop.example.com:80', {}, { stripMatchingHostPort: true }, 'shop.example.com'],
    ['shop.example.com:81', {}, { stripMatchingHostPort: true }, 'shop.example.com:81'],
    ['shop.example.com.:80', {}, { stripTrailingHostDot: true }, 'shop.example.com:80'],
    ['shop.example.com.', {}, {}, 'shop.example.com.'],
    ['[2001:db8::1]:80', { ignorePortInHostMatching: true }, {}, '[2001:db8::1]'],
  ])('%s by %j and %j is %s', (authority, configuration, manager, expected) => {
    expect(lookedUpHost(authority, configuration, manager, 80)).toBe(expected)
  })
})
