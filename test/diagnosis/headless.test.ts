import { describe, expect, it } from 'vitest'
import { isForHosts } from '../../src/checks/facts/traffic-of.ts'
import { sentFromPod, serviceOf } from '../../src/diagnosis/follow/destination.ts'
import type { Trace } from '../../src/diagnosis/follow/trace.ts'
import { unresolved } from '../../src/diagnosis/requests/unresolved.ts'
import { parseFollow } from '../../src/diagnosis/follow/question.ts'
import { Evidence } from '../../src/evidence/evidence.ts'
import type { Pod } from '../../src/mesh/objects.ts'

const pod = (name: string, podIP: string, ready: boolean): Pod => ({
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app: 'orders' } },
  status: { podIP, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
})
const service = (clusterIP: string): object => ({
  kind: 'Service',
  metadata: { name: 'orders', namespace: 'shop' },
  spec: { clusterIP, selector: { app: 'orders' }, ports: [{ port: 3000 }] },
})
const evidence = (clusterIP: string): Evidence =>
  new Evidence(
    Object.entries({
      services: [service(clusterIP)],
      pods: [pod('orders-0', '10.0.0.7', false), pod('orders-1', '10.0.0.8', true)],
    }).map(([kind, value]) => ({ kind, ok: true, source: '', at: '', value })) as never,
  )
const client: Pod = { kind: 'Pod', metadata: { name: 'client', namespace: 'front' } }
const address = (host: string, clusterIP = 'None'): string | undefined =>
  sentFromPod(parseFollow(host), client, evidence(clusterIP)).connection.address

describe('a headless Service', () => {
  it('is connected to at a pod: the one that is named, else one that is ready', () => {
    expect(address('orders.shop:3000')).toBe('10.0.0.8')
    expect(address('orders-0.orders.shop:3000')).toBe('10.0.0.7')
    expect(address('orders-0.orders.shop.svc.cluster.local:3000')).toBe('10.0.0.7')
    expect(address('orders.shop:3000', '10.96.0.9')).toBe('10.96.0.9')
  })

  it('gives its pods names; other Services do not', () => {
    expect(serviceOf('orders-0.orders.shop', 'front', evidence('None'))?.metadata.name).toBe('orders')
    expect(serviceOf('orders-0.orders.shop', 'front', evidence('10.96.0.9'))).toBeUndefined()
    expect(serviceOf('www.orders.shop.example', 'front', evidence('None'))).toBeUndefined()
  })

  it('resolves to no address while it selects no pod', () => {
    const ends = (host: string, app: string, clusterIP = 'None'): string | undefined => {
      const selecting = { ...service(clusterIP), spec: { clusterIP, selector: { app }, ports: [{ port: 3000 }] } }
      const pods = [pod('orders-0', '10.0.0.7', false)]
      const seen = new Evidence(
        Object.entries({ services: [selecting], pods }).map(([kind, value]) => ({
          kind,
          ok: true,
          source: '',
          at: '',
          value,
        })) as never,
      )
      const trace = {
        caller: { kind: 'sidecar' },
        callerPod: client,
        question: parseFollow(host),
        sent: { port: 3000 },
        walk: { reached: [{ name: 'outbound|3000||orders.shop.svc.cluster.local' }] },
        evidence: seen,
      }
      return unresolved(trace as unknown as Trace)?.name
    }
    expect(ends('orders.shop:3000', 'orderss')).toBe('outbound|3000||orders.shop.svc.cluster.local')
    expect(ends('orders-0.orders.shop:3000', 'orderss')).toBe('outbound|3000||orders.shop.svc.cluster.local')
    expect(ends('orders.shop:3000', 'orders')).toBeUndefined()
    expect(ends('orders.shop:3000', 'orderss', '10.96.0.9')).toBeUndefined()
  })

  it('is what requests for one of its pods are for', () => {
    const hosts = ['orders.shop.svc.cluster.local']
    const isFor = (authority: string): boolean => isForHosts({ authority }, hosts)
    expect(isFor('orders-0.orders.shop:3000')).toBe(true)
    expect(isFor('orders-0.orders.shop.svc.cluster.local')).toBe(true)
    expect(isFor('catalog.orders')).toBe(false)
    expect(isFor('orders-0.orders.front')).toBe(false)
    expect(isForHosts({ authority: 'www.shop.example' }, ['shop.example'])).toBe(false)
  })
})
