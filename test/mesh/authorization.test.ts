import { describe, expect, it } from 'vitest'
import type { RequestFacts } from '../../src/mesh/authorization.ts'
import { actsOn, missesOf, nearestRule } from '../../src/mesh/authorization.ts'
import type { AuthorizationPolicy, AuthorizationRule, Pod } from '../../src/mesh/objects.ts'

const facts: RequestFacts = {
  method: 'GET',
  path: '/items/7?full=1',
  host: 'catalog.example.com:8080',
  port: 3000,
  principal: 'cluster.local/ns/shop/sa/orders',
}
const misses = (rule: AuthorizationRule, known: RequestFacts = facts): string[] =>
  missesOf(rule, known).map(({ says, sure }) => `${sure ? '' : '? '}${says}`)

describe('a rule takes a request', () => {
  it.each<[string, AuthorizationRule]>([
    ['without conditions', {}],
    ['of its principal', { from: [{ source: { principals: ['cluster.local/ns/shop/sa/orders'] } }] }],
    ['of any principal', { from: [{ source: { principals: ['*'] } }] }],
    ["by a principal's end", { from: [{ source: { principals: ['*/sa/orders'] } }] }],
    ['of its namespace', { from: [{ source: { namespaces: ['shop'] } }] }],
    ['of its service account', { from: [{ source: { serviceAccounts: ['shop/orders'] } }] }],
    [
      'when one of several sources takes it',
      { from: [{ source: { namespaces: ['other'] } }, { source: { namespaces: ['shop'] } }] },
    ],
    ['of a path by its beginning, without the query', { to: [{ operation: { paths: ['/items*'] } }] }],
    ['of a path by a template', { to: [{ operation: { paths: ['/items/{*}'] } }] }],
    ['of a host without its port', { to: [{ operation: { hosts: ['catalog.example.COM'] } }] }],
    ['of a port', { to: [{ operation: { ports: ['3000'] } }] }],
    ['that is none of those it leaves out', { to: [{ operation: { notMethods: ['DELETE'], notPaths: ['/admin*'] } }] }],
  ])('%s', (_, rule) => {
    expect(misses(rule)).toEqual([])
  })
})

describe('a rule does not take a request', () => {
  it.each<[string, AuthorizationRule, string[]]>([
    [
      'of another principal',
      { from: [{ source: { principals: ['cluster.local/ns/shop/sa/web'] } }] },
      ['the principal must be cluster.local/ns/shop/sa/web, and it is cluster.local/ns/shop/sa/orders'],
    ],
    [
      'of another method and path',
      { to: [{ operation: { methods: ['POST', 'PUT'], paths: ['/admin'] } }] },
      ['the method must be POST, PUT, and it is GET', 'the path must be /admin, and it is /items/7'],
    ],
    [
      'of a path that a template takes more of',
      { to: [{ operation: { paths: ['/items/{*}/parts'] } }] },
      ['the path must be /items/{*}/parts, and it is /items/7'],
    ],
    [
      'that it leaves out',
      { to: [{ operation: { notPaths: ['/items*'] } }] },
      ['the path must be none of /items*, and it is /items/7'],
    ],
    [
      'of the nearest of its sources',
      { from: [{ source: { namespaces: ['a'], principals: ['b'] } }, { source: { namespaces: ['c'] } }] },
      ['the namespace must be c, and it is shop'],
    ],
    [
      'as far as is known',
      {
        when: [{ key: 'request.headers[x-team]', values: ['shop'] }],
        from: [{ source: { requestPrincipals: ['*'] } }],
      },
      [
        "? the token's principal must be *, which is not known of the request",
        '? request.headers[x-team] must be shop, which is not known of the request',
      ],
    ],
  ])('%s', (_, rule, expected) => {
    expect(misses(rule)).toEqual(expected)
  })
  it("perhaps, when a path's template would take too long to compare", () => {
    const template = `${'/{**}'.repeat(200)}/end`
    const path = '/'.repeat(2000)
    expect(misses({ to: [{ operation: { paths: [template] } }] }, { path })).toEqual([
      expect.stringMatching(/^\? the path must be \/\{/),
    ])
    expect(misses({ to: [{ operation: { notPaths: [template] } }] }, { path })).toEqual([
      expect.stringMatching(/^\? the path must be none of/),
    ])
  })
  it('of a caller in plain text, who has no principal', () => {
    expect(misses({ from: [{ source: { principals: ['*'] } }] }, { principal: null })).toEqual([
      'the principal must be *, and there is none',
    ])
    expect(misses({ from: [{ source: { notPrincipals: ['a'] } }] }, { principal: null })).toEqual([])
  })
})

it('is nearest with the least that is certain against it', () => {
  const policy = (name: string, rules: AuthorizationRule[]): AuthorizationPolicy => ({
    kind: 'AuthorizationPolicy',
    metadata: { namespace: 'shop', name },
    spec: { rules },
  })
  const near = nearestRule(
    [
      policy('far', [
        { to: [{ operation: { methods: ['POST'], paths: ['/a'] } }] },
        { to: [{ operation: { methods: ['POST'] } }] },
      ]),
      policy('token', [
        {
          when: [
            { key: 'a', values: ['b'] },
            { key: 'c', values: ['d'] },
          ],
        },
      ]),
    ],
    facts,
  )
  expect([near?.policy.metadata.name, near?.rule]).toEqual(['token', 0])
  expect(nearestRule([policy('none', [])], facts)).toBeUndefined()
})

describe('a policy acts on a pod', () => {
  const pod: Pod = { kind: 'Pod', metadata: { namespace: 'shop', name: 'catalog-1', labels: { app: 'catalog' } } }
  it.each<[boolean, string, AuthorizationPolicy['spec'], Record<string, string>?]>([
    [true, 'shop', {}],
    [true, 'istio-system', { selector: { matchLabels: { app: 'catalog' } } }],
    [false, 'other', {}],
    [false, 'shop', { selector: { matchLabels: { app: 'orders' } } }],
    [false, 'shop', {}, { 'istio.io/dry-run': 'true' }],
    [false, 'shop', { targetRefs: [{ kind: 'Gateway', name: 'waypoint' }] }],
  ])('%s: of %s with %j', (expected, namespace, spec, annotations) => {
    expect(
      actsOn(
        {
          kind: 'AuthorizationPolicy',
          metadata: { namespace, name: 'p', ...(annotations && { annotations }) },
          spec: spec!,
        },
        pod,
        'istio-system',
      ),
    ).toBe(expected)
  })
})
