import { expect, it } from 'vitest'
import type { AccessLogLine } from '../../src/mesh/access-log.ts'
import type { Request } from '../../src/checks/facts/requests-to.ts'
import { slowEndpoints, slowPaths } from '../../src/checks/facts/slow-endpoints.ts'
import { recordedClients } from '../replay.ts'
import { dice } from '../slack/blocks/samples.ts'

const AT = recordedClients('chapter-10/ill').now().toISOString()
const LOG = { kind: 'access-log', id: 'x', ok: true, at: AT, source: '', value: { lines: [], unreadable: 0 } } as never

const request = (host: string, duration: number, more: Partial<AccessLogLine> = {}): Request => ({
  log: LOG,
  entry: { at: AT, code: 200, flags: [], method: 'GET', path: '/items', upstreamHost: host, duration, ...more },
})

/** Milliseconds as services take them: mostly few, a tail of many, and now and then a pause. */
function usual(roll: (below: number) => number): number {
  const tenths = roll(10)
  return tenths < 7 ? 2 + roll(6) : tenths < 9 ? 8 + roll(60) : 100 + roll(1500)
}

it('calls no endpoint slow in 1,000 draws of what all take alike', () => {
  const slow = Array.from({ length: 1000 }, (_, seed) => {
    const roll = dice(seed + 1)
    const endpoints = 2 + roll(5)
    const requests = Array.from({ length: 20 + roll(300) }, () => request(`10.0.0.${roll(endpoints)}:80`, usual(roll)))
    return slowEndpoints(requests).slow.length
  })
  expect(slow.filter((count) => count > 0)).toEqual([])
})

it.each([200, 400, 2000])('finds a slow one that gets 5 % of %d requests', (count) => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const roll = dice(seed)
    const requests = Array.from({ length: count }, (_, index) =>
      index % 20 === 0 ? request('10.0.0.9:80', 500 + roll(700)) : request(`10.0.0.${roll(4)}:80`, usual(roll)),
    )
    expect(slowEndpoints(requests).slow.map(({ address }) => address)).toEqual(['10.0.0.9:80'])
  }
})

/** A request as both ends logged it: milliseconds at the caller's proxy, and at the pod's own. */
const both = (host: string, outer: number, inner: number, more: Partial<AccessLogLine> = {}): Request => {
  const one = request(host, outer, more)
  return { ...one, inner: { log: LOG, entry: { ...one.entry, duration: inner } } }
}

it('tells a slow way to a pod from slow answers', () => {
  const mixed = (slow: (host: number) => Request): Request[] =>
    Array.from({ length: 120 }, (_, index) => (index % 3 === 1 ? slow(1) : both(`10.0.0.${index % 3}:80`, 5, 4)))
  expect(slowEndpoints(mixed(() => both('10.0.0.1:80', 420, 4))).slow).toMatchObject([
    { address: '10.0.0.1:80', isOnTheWay: true, latency: { p50: 416 }, cut: [] },
  ])
  const answers = slowEndpoints(mixed(() => both('10.0.0.1:80', 420, 418))).slow
  expect(answers).toMatchObject([{ address: '10.0.0.1:80', latency: { p50: 418 } }])
  expect(answers[0]).not.toHaveProperty('isOnTheWay')
  // What was sent to another pod before took its time there.
  expect(slowEndpoints(mixed(() => ({ ...both('10.0.0.1:80', 420, 4), isRetried: true }))).slow).toEqual([])
})

it('calls no way slow in 1,000 draws of what all take alike', () => {
  const slow = Array.from({ length: 1000 }, (_, seed) => {
    const roll = dice(seed + 1)
    const endpoints = 2 + roll(5)
    const requests = Array.from({ length: 20 + roll(300) }, () => {
      const inner = usual(roll)
      return both(`10.0.0.${roll(endpoints)}:80`, inner + usual(roll), inner)
    })
    return slowEndpoints(requests).slow.length
  })
  expect(slow.filter((count) => count > 0)).toEqual([])
})

it('compares what asks the same', () => {
  const reports = Array.from({ length: 20 }, () => request('10.0.0.9:80', 900, { path: '/reports?of=all' }))
  const items = Array.from({ length: 60 }, (_, index) => request(`10.0.0.${index % 3}:80`, 4))
  expect(slowEndpoints([...items, ...reports]).slow).toEqual([])
  const theirs = Array.from({ length: 12 }, () => request('10.0.0.1:80', 5, { path: '/reports?of=some' }))
  expect(slowEndpoints([...items, ...reports, ...theirs]).slow).toHaveLength(1)
})

it('leaves out what was never sent, or delayed on purpose', () => {
  const quick = Array.from({ length: 60 }, (_, index) => request(`10.0.0.${index % 3}:80`, 4))
  for (const flag of ['UF', 'DI', 'UC']) {
    const other = Array.from({ length: 20 }, () => request('10.0.0.9:80', 3000, { flags: [flag] }))
    expect(slowEndpoints([...quick, ...other]).slow).toEqual([])
  }
})

it('finds one that has become slow a moment ago, among what it answered before', () => {
  const at = (second: number): string => new Date(Date.parse(AT) - 600_000 + second * 1000).toISOString()
  const requests = Array.from({ length: 600 }, (_, second) => {
    const own = second % 3 === 0
    const isCut = own && second >= 480
    return request(own ? '10.0.0.9:80' : `10.0.0.${second % 3}:80`, isCut ? 500 : 3, {
      at: at(second),
      ...(isCut && { code: 504, flags: ['UT'] }),
    })
  })
  expect(slowEndpoints(requests).slow).toMatchObject([
    { address: '10.0.0.9:80', latency: { count: 40, p50: 500 }, since: { length: 120 } },
  ])
})

it('tells a pod that is slow for one path from one that is slow for all, and that from a path that is slow everywhere', () => {
  const asked = (host: number, path: string, duration: number): Request =>
    request(`10.0.0.${host}:80`, duration, { path })
  const mixed = (slow: (host: number, path: string) => boolean): Request[] =>
    Array.from({ length: 240 }, (_, index) => {
      const [host, path] = [index % 3, index % 4 === 0 ? '/reports' : '/items']
      return asked(host, path, slow(host, path) ? 900 : 4)
    })
  const onePath = mixed((host, path) => host === 1 && path === '/reports')
  expect(slowEndpoints(onePath).slow).toMatchObject([{ address: '10.0.0.1:80', only: 'GET /reports' }])
  expect(slowPaths(onePath)).toEqual([])
  const onePod = mixed((host) => host === 1)
  expect(slowEndpoints(onePod).slow).toEqual([expect.not.objectContaining({ only: expect.anything() as unknown })])
  const everywhere = mixed((_, path) => path === '/reports')
  expect(slowEndpoints(everywhere).slow).toEqual([])
  expect(slowPaths(everywhere)).toMatchObject([
    { path: 'GET /reports', latency: { p50: 900 }, others: { latency: { p50: 4 } } },
  ])
})
