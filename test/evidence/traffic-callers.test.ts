import { expect, it } from 'vitest'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { trafficCallers } from '../../src/evidence/collectors/traffic-callers.ts'
import { look } from '../../src/evidence/gather.ts'

const HOST = 'catalog.shop.svc.cluster.local'

it('names the workloads that Prometheus counted as callers; who has no proxy has no name', async () => {
  const asked: string[] = []
  const source = (workload: string, namespace: string) => ({
    metric: { source_workload: workload, source_workload_namespace: namespace },
    value: 1,
  })
  const clients = {
    prometheus: {
      query: (expression: string) => {
        asked.push(expression)
        return Promise.resolve([
          source('client', 'front'),
          source('batch', ''),
          source('unknown', 'unknown'),
          { metric: {}, value: 2 },
        ])
      },
    },
    now: () => new Date(0),
  } as unknown as Clients
  expect(await look(trafficCallers(HOST), clients)).toMatchObject({
    ok: true,
    value: [{ workload: 'client', namespace: 'front' }, { workload: 'batch' }],
  })
  expect(asked).toEqual([expect.stringContaining(`istio_requests_total{destination_service="${HOST}"}`)])
})

it('without a Prometheus nobody is known', async () => {
  const clients = { now: () => new Date(0) } as unknown as Clients
  expect(await look(trafficCallers(HOST), clients)).toMatchObject({ ok: false, reason: 'unavailable' })
})
