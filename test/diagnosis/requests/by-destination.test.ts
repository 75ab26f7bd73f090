import { describe, expect, it } from 'vitest'
import type { Request } from '../../../src/checks/facts/requests-to.ts'
import { presentByDestination } from '../../../src/diagnosis/requests/by-destination.ts'
import type { Route } from '../../../src/mesh/envoy.ts'
import { MOMENT, row } from './rows.ts'

const cluster = (subset: string): string => `outbound|80|${subset}|orders.shop.svc.cluster.local`
const to = (subset: string, text: string): Request[] =>
  row(text).map((one) => ({ ...one, entry: { ...one.entry, upstreamCluster: cluster(subset) } }))
const later = (requests: Request[], seconds: number): Request[] =>
  requests.map((one) => ({
    ...one,
    entry: { ...one.entry, at: new Date(Date.parse(one.entry.at) + seconds * 1000).toISOString() },
  }))
const BOTH: Route[] = [{ route: { cluster: cluster('next') } }, { route: { cluster: cluster('now') } }]
const shared = (weight: number): Route[] => [
  {
    route: {
      weightedClusters: {
        clusters: [
          { name: cluster('next'), weight },
          { name: cluster('now'), weight: 100 - weight },
        ],
      },
    },
  },
]
const stateOf = (requests: Request[], routes = BOTH): unknown => {
  const { state, requests: count } = presentByDestination(requests, MOMENT, routes) ?? {}
  return state === undefined ? undefined : [state, count]
}

describe('requests that one class sent to one of several destinations', () => {
  it.each<[string, Request[], Route[], unknown]>([
    [
      'all fail, and others were answered since',
      [...to('next', '8 empty'), ...later(to('now', '16 ok'), 8)],
      BOTH,
      ['fails', 8],
    ],
    [
      'all fail, by a share of the same route',
      [...to('next', '8 empty'), ...later(to('now', '16 ok'), 8)],
      shared(10),
      ['fails', 8],
    ],
    [
      'failed, and are sent there no more',
      [...to('next', '8 empty'), ...later(to('now', '16 ok'), 8)],
      shared(0),
      undefined,
    ],
    ['failed and are answered again', [...to('next', '8 empty, 16 ok'), ...to('now', '24 ok')], BOTH, undefined],
    ['failed before the last change', [...to('next', '-8 empty'), ...to('now', '16 ok')], BOTH, undefined],
    ['failed once', [...to('next', '1 empty'), ...later(to('now', '16 ok'), 1)], BOTH, undefined],
    ['are all the requests there are', to('next', '8 empty'), BOTH, undefined],
  ])('%s', (_, requests, routes, expected) => expect(stateOf(requests, routes)).toEqual(expected))
})
