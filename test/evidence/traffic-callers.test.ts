import { expect, it } from 'vitest'
import { UnseenError, type Clients } from '../../src/evidence/clients/clients.ts'
import { traffic } from '../../src/evidence/collectors/traffic.ts'
import { trafficCallers } from '../../src/evidence/collectors/traffic-callers.ts'
import { trafficHistory } from '../../src/evidence/collectors/traffic-history.ts'
import { look } from '../../src/evidence/gather.ts'
import type { AnyStep } from '../../src/evidence/step.ts'

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

it.each([
  ['who calls', trafficCallers(HOST, 20)],
  ['how many there are', traffic(HOST, 20)],
  ['how they were answered', trafficHistory(HOST, 20)],
])('one that does not answer is waited for a moment, not for the time of a step: %s', async (_, step) => {
  const never = (stop: AbortSignal): Promise<never> =>
    new Promise((_resolve, reject) => {
      stop.addEventListener('abort', () => {
        reject(new UnseenError('timeout', 'Prometheus did not answer in time'))
      })
    })
  const clients = {
    prometheus: {
      query: (_expression: string, stop: AbortSignal) => never(stop),
      range: (_expression: string, _over: object, stop: AbortSignal) => never(stop),
    },
    now: () => new Date(0),
  } as unknown as Clients
  expect(await look(step as AnyStep, clients)).toMatchObject({ ok: false, reason: 'timeout' })
})
