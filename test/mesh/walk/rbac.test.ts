import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Rbac } from '../../../src/mesh/walk/rbac.ts'
import { authorizationPolicyOf, passesRbac } from '../../../src/mesh/walk/rbac.ts'
import { requestOf } from './request.ts'
import { defined } from '../../../src/mesh/defined.ts'

interface Case {
  as?: string
  source?: string
  port?: number
  token?: boolean
}
const CASES = parse(readFileSync(join(import.meta.dirname, 'rbac.yaml'), 'utf8')) as {
  about: string
  rules: Rbac
  cases: [string, Case, string][]
}[]

describe('RBAC lets a request in', () => {
  it.each(
    CASES.flatMap(({ about, rules, cases }) =>
      cases.map(([request, of, answer]) => ({ about, rules, request, of, answer })),
    ),
  )('$about: $request of $of', ({ rules, request, of: { as, source, port = 3000, token }, answer }) => {
    const connection = {
      port,
      address: '10.244.0.9',
      ...(as !== undefined && { tls: { alpn: [] } }),
      ...(as !== undefined && as !== 'unknown' && { principal: `spiffe://cluster.local/ns/shop/sa/${as}` }),
      ...defined({ source }),
    }
    expect(passesRbac(rules, { connection, request: requestOf(request), ...defined({ token }) }).passes).toBe(answer)
  })

  it('names the policies that decided', () => {
    const rules = CASES.find(({ about }) => about.startsWith('a denial'))?.rules ?? {}
    expect(passesRbac(rules, { connection: { port: 3000 }, request: requestOf('GET shop /') }).policies).toEqual([
      'ns[shop]-policy[admins]-rule[0]',
    ])
    expect(authorizationPolicyOf('ns[shop]-policy[admins]-rule[12]')).toEqual({
      namespace: 'shop',
      name: 'admins',
      rule: 12,
    })
    expect(
      authorizationPolicyOf('istio-ext-authz-doorman-ns[shop]-policy[ask-first]-rule[0]-deny-due-to-bad-CUSTOM-action'),
    ).toEqual({ namespace: 'shop', name: 'ask-first', rule: 0 })
    expect(authorizationPolicyOf('something-else')).toBeUndefined()
  })

  it('does not know whether it does, when the rule asks for a header that the request may carry', () => {
    const rules: Rbac = {
      policies: {
        p: {
          permissions: [{ any: true }],
          principals: [{ header: { name: 'x-public', stringMatch: { exact: 'yes' } } }],
        },
      },
    }
    const judge = (text: string, more: object): string =>
      passesRbac(rules, { connection: { port: 3000 }, request: { ...requestOf(text), ...more } }).passes
    expect(judge('GET shop /', {})).toBe('no')
    expect(judge('GET shop /', { moreHeaders: true })).toBe('maybe')
    expect(judge('GET shop / x-public=no', { moreHeaders: true })).toBe('no')
    expect(judge('GET shop / x-public=yes', { moreHeaders: true })).toBe('yes')
  })

  it('of a bare connection knows no paths', () => {
    const rules: Rbac = {
      policies: { p: { permissions: [{ urlPath: { path: { prefix: '/' } } }], principals: [{ any: true }] } },
    }
    expect(passesRbac(rules, { connection: { port: 3000 } }).passes).toBe('no')
  })
})
