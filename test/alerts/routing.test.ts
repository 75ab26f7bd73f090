import { expect, it } from 'vitest'
import { routeOf, type AlertRouting } from '../../src/alerts/routing.ts'
import type { AlertTarget } from '../../src/alerts/alert-target.ts'

const target: AlertTarget = { text: 'catalog.shop', rank: 2, by: '' }
const routing: AlertRouting = {
  channels: [
    { channel: 'C_ALL' },
    { channel: 'C_SHOP', namespaces: ['shop'] },
    { channel: 'C_PAGE', namespaces: ['shop'], receivers: ['page'] },
    { channel: 'C_EU', clusters: ['eu'] },
  ],
  cluster: 'eu',
  clusters: { eu: 'eu', 'prod-eu-1': 'eu', us: 'us' },
}
const route = (labels: Record<string, string>, receiver = 'x', of: AlertTarget | undefined = target, by = routing) =>
  routeOf({ labels }, receiver, of, by)

it('the channel that says most precisely what it takes; of two, the first', () => {
  expect(route({}, 'page').channel).toBe('C_PAGE')
  expect(route({}).channel).toBe('C_SHOP')
  expect(route({}, 'x', { ...target, text: 'deploy/web.front' }).channel).toBe('C_EU')
})

it('of an alert without a target, the namespace of its labels', () => {
  expect(routeOf({ labels: { namespace: 'shop' } }, 'x', undefined, routing).channel).toBe('C_SHOP')
  expect(
    routeOf({ labels: { exported_namespace: 'shop', namespace: 'monitoring' } }, 'x', undefined, routing).channel,
  ).toBe('C_SHOP')
})

it('the default takes the rest; without one it is said that nobody does', () => {
  expect(route({ cluster: 'us' }, 'x', { ...target, text: 'web.front' })).toMatchObject({
    channel: 'C_ALL',
    why: 'it takes what no other channel does',
  })
  expect(
    route({}, 'x', { ...target, text: 'web.front' }, { channels: [{ channel: 'C_SHOP', namespaces: ['shop'] }] }),
  ).toMatchObject({
    why: 'no channel takes namespace front, receiver x',
  })
  expect(route({}, 'x', target, { channels: [] }).channel).toBeUndefined()
})

it('a cluster by what alerts call it; one that nobody configured, and one that is not looked at, are said', () => {
  expect(route({ cluster: 'prod-eu-1' })).toMatchObject({ cluster: 'eu' })
  expect(route({ cluster: 'prod-eu-1' })).not.toHaveProperty('elsewhere')
  expect(route({ cluster: 'mars' }).elsewhere).toBe('no cluster mars is configured (known: eu, prod-eu-1, us)')
  expect(route({ cluster: 'us' }).elsewhere).toBe('the bot looks at eu, not at us')
  expect(route({ cluster: 'outbound|80||catalog.shop.svc.cluster.local' })).toMatchObject({ cluster: 'eu' })
  expect(route({ cluster: 'outbound|80||catalog.shop.svc.cluster.local' })).not.toHaveProperty('elsewhere')
  expect(route({ cluster: 'toString' }).elsewhere).toContain('no cluster toString')
  expect(route({ cluster: 'any' }, 'x', target, { channels: [] })).toMatchObject({ cluster: 'any' })
})

it('the owner by the labels that were named', () => {
  expect(route({ team: 'shop' }).owner).toBe('shop')
  expect(route({ team: 'shop', squad: 'pay' }, 'x', target, { ...routing, ownerLabels: ['squad'] }).owner).toBe('pay')
})
