import { describe, expect, it } from 'vitest'
import { choosePods, findProxies } from '../../src/leases/find-proxies.ts'
import type { Ref } from '../../src/mesh/ref.ts'
import type { Pod } from '../../src/mesh/objects.ts'
import { parseTarget } from '../../src/mesh/target-query.ts'
import { FakeProxies } from './fake-proxies.ts'

const named = (name: string, namespace = 'shop'): Pod => ({
  kind: 'Pod',
  metadata: { name, namespace, uid: name },
  spec: { containers: [] },
})
const OWN = [named('catalog-1'), named('catalog-2'), named('catalog-3')]
const OTHERS = [named('gateway-1', 'istio-system'), named('catalog-1', 'other')]
const chosen = (facts: Partial<Parameters<typeof choosePods>[1]>): string[] =>
  choosePods(OWN, { most: 2, others: OTHERS, ...facts }).pods.map(
    ({ metadata: { name, namespace } }) => `${namespace}/${name}`,
  )

describe('choosing the pods of a lease', () => {
  it('takes the target’s first so many, and says of how many', () => {
    expect(choosePods(OWN, { most: 2, others: OTHERS })).toMatchObject({
      pods: OWN.slice(0, 2),
      notes: ['2 of its 3 proxies'],
    })
    expect(choosePods(OWN.slice(0, 2), { most: 2 }).notes).toEqual([])
  })

  it('takes others only when they are named, once however they are named', () => {
    expect(chosen({ named: ['istio-system/gateway-1'] })).toEqual(['istio-system/gateway-1'])
    expect(chosen({ named: ['gateway-1', 'catalog-2'] })).toEqual(['istio-system/gateway-1', 'shop/catalog-2'])
    expect(chosen({ named: ['catalog-1', 'shop/catalog-1'] })).toEqual(['shop/catalog-1'])
    expect(chosen({ named: ['other/catalog-1'] })).toEqual(['other/catalog-1'])
  })

  it.each([
    [{ named: ['shop/catalog-9'] }, /No running proxy of the target is in a pod "shop\/catalog-9"\./],
    [{ named: ['elsewhere/gateway-1'] }, /in a pod "elsewhere\/gateway-1"/],
    [{ named: ['catalog-1', 'catalog-2', 'catalog-3'] }, /3 proxies; at most 2/],
    [{ count: 3 }, /3 proxies; at most 2/],
    [{ named: [] }, /0 is not a number/],
    [{ count: 0.5 }, /0.5 is not a number/],
  ])('refuses %o', (facts, why) => {
    expect(() => chosen(facts)).toThrow(why)
  })

  it('has nothing to take when only others run and none is named', () => {
    expect(() => choosePods([], { most: 2, others: OTHERS })).toThrow('No proxy of the target is running.')
    expect(choosePods([], { most: 2, others: OTHERS, named: ['gateway-1'] }).pods).toEqual([OTHERS[0]])
  })
})

describe('finding proxies', () => {
  const found = async (proxies: FakeProxies, beside: readonly Ref[] = []): Promise<string[][]> => {
    const { pods, others } = await findProxies(parseTarget('catalog', 'shop'), proxies.clients, { beside })
    return [pods, others].map((list) => list.map(({ metadata }) => metadata.name))
  }
  const pod = (name: string): Ref => ({ kind: 'Pod', namespace: 'shop', name })

  it('gives the target’s, and of those beside it the ones that run', async () => {
    const proxies = new FakeProxies('catalog-1', 'gateway-1', 'gateway-2')
    proxies.at('gateway-2').phase = 'Pending'
    const labelled = {
      ...proxies.clients,
      kubernetes: {
        ...proxies.clients.kubernetes,
        list: async (...args: Parameters<typeof proxies.clients.kubernetes.list>) =>
          (await proxies.clients.kubernetes.list(...args)).map((object) =>
            object.metadata.name.startsWith('gateway')
              ? { ...object, metadata: { ...object.metadata, labels: { app: 'gateway' } } }
              : object,
          ),
      },
    }
    const { pods, others } = await findProxies(parseTarget('catalog', 'shop'), labelled, {
      beside: [pod('gateway-1'), pod('gateway-2'), pod('gone-1'), pod('catalog-1')],
    })
    expect(pods.map(({ metadata }) => metadata.name)).toEqual(['catalog-1'])
    expect(others.map(({ metadata }) => metadata.name)).toEqual(['gateway-1'])
  })

  it('refuses when none runs', async () => {
    const proxies = new FakeProxies('catalog-1')
    proxies.at('catalog-1').phase = 'Pending'
    await expect(found(proxies)).rejects.toThrow('No proxy of catalog in shop is running.')
  })
})
