import { describe, expect, it } from 'vitest'
import type { Request } from '../../../src/checks/facts/requests-to.ts'
import { changedWithRefusals } from '../../../src/diagnosis/blame/changed-policy.ts'
import type { Case } from '../../../src/diagnosis/blame/lead.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'
import type { AuthorizationPolicy } from '../../../src/mesh/objects.ts'
import { MOMENT, row } from '../requests/rows.ts'

const SHOP = { kind: 'Service', namespace: 'shop', name: 'orders' }
/** A policy that was changed a number of seconds after the moment, and allows one method. */
const policy = (name: string, seconds: number, method: string): AuthorizationPolicy => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name, namespace: 'shop', creationTimestamp: new Date(MOMENT + seconds * 1000).toISOString() },
  spec: { rules: [{ to: [{ operation: { methods: [method] } }] }] },
})
const routes = (rewrite: object): Evidence =>
  new Evidence([
    {
      kind: 'routes',
      ok: true,
      source: 'routes',
      at: '',
      value: [
        {
          virtualHosts: [
            {
              routes: [
                {
                  match: { prefix: '/shop' },
                  route: { cluster: 'outbound|80||orders.shop.svc.cluster.local', ...rewrite },
                },
              ],
            },
          ],
        },
      ],
    } as unknown as Reading,
  ])
const leads = (
  text: string,
  policies: readonly AuthorizationPolicy[],
  { evidence = new Evidence([]), path = '/shop/items' } = {},
): { name: string; why: string }[] => {
  const requests = row(text).map((one): Request => ({ ...one, entry: { ...one.entry, path } }))
  const failures = requests.filter(({ entry }) => entry.code === 403)
  return changedWithRefusals(policies, {
    followed: { requests: { requests }, present: { failures } },
    target: {
      ref: SHOP,
      namespace: 'shop',
      name: 'orders',
      hosts: ['orders.shop.svc.cluster.local'],
      services: [SHOP],
      pods: [],
    },
    evidence,
  } as unknown as Case).map(({ subject: { name }, why }) => ({ name, why }))
}
const names = (...given: Parameters<typeof leads>): string[] => leads(...given).map(({ name }) => name)

describe('of several policies that allow, the one that was changed when requests began to be refused is to blame', () => {
  const old = policy('old', -1000, 'PUT')
  it.each<[string, string, AuthorizationPolicy[], string[]]>([
    ['they were answered until then', '-5 ok, 5 rbac', [old, policy('new', 0, 'POST')], ['new']],
    [
      'a connection from before was answered a moment longer',
      '-5 ok, 2 ok, 5 rbac',
      [old, policy('new', 0, 'POST')],
      ['new'],
    ],
    [
      'both were changed, and one after the other',
      '-5 ok, 5 rbac',
      [policy('one', -2, 'PUT'), policy('two', 0, 'POST')],
      ['two'],
    ],
  ])('when %s', (_, text, policies, expected) => expect(names(text, policies)).toEqual(expected))

  it.each<[string, string, AuthorizationPolicy[]]>([
    ['they were never answered', '5 rbac', [old, policy('new', 0, 'POST')]],
    ['they were answered long after its change', '-5 ok, 15 ok, 5 rbac', [old, policy('new', 0, 'POST')]],
    ['it was changed after they began to be refused', '-5 ok, 5 rbac', [old, policy('new', 100, 'POST')]],
    ['one of its rules takes them', '-5 ok, 5 rbac', [old, policy('new', 0, 'GET')]],
    ['it is the only one', '-5 ok, 5 rbac', [policy('new', 0, 'POST')]],
  ])('not when %s', (_, text, policies) => expect(names(text, policies)).toEqual([]))

  it('and says of the path nothing that was so before it was rewritten alone', () => {
    const asking = policy('new', 0, 'GET')
    const [rule] = asking.spec?.rules ?? []
    const policies = [old, { ...asking, spec: { rules: [{ ...rule, to: [{ operation: { paths: ['/items'] } }] }] } }]
    const of = (rewrite: object): string[] =>
      leads('-5 ok, 5 rbac', policies, { evidence: routes(rewrite) }).map(({ why }) => why)
    expect(of({})).toEqual([expect.stringContaining('the path must be /items, and it is /shop/items')])
    expect(of({ prefixRewrite: '/' })).toEqual([])
  })
})
