import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { prometheusApi } from '../../src/evidence/clients/prometheus.ts'
import { trafficHistory } from '../../src/evidence/collectors/traffic-history.ts'
import { look } from '../../src/evidence/gather.ts'
import type { Reading } from '../../src/evidence/reading.ts'

const HOST = 'catalog.shop.svc.cluster.local'
const NOW = Date.parse('2026-11-30T12:00:00Z')

interface Series {
  metric: Record<string, string>
  values: [number, string][]
}
/** What a Prometheus answers: its clock, the matrix, and p50 and p95 by pod; a string is sent as it is. */
interface Answers {
  clock?: number
  matrix?: Series[] | string
  latencies?: { metric: Record<string, string>; value: [number, string] }[] | string
}

const series = (metric: Record<string, string>, ...values: (number | string)[]): Series => ({
  metric,
  values: values.map((value, index) => [NOW / 1000 - 60 * (values.length - 1 - index), String(value)]),
})
const ok = { reporter: 'source', response_code: '200', response_flags: '-' }

/** Looks at a Prometheus that answers over HTTP, and tells what it was asked. */
async function lookAt({
  clock = NOW / 1000,
  matrix = [],
  latencies = [],
}: Answers): Promise<{ reading: Reading; asked: URLSearchParams[] }> {
  const asked: URLSearchParams[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const parameters = new URLSearchParams(body)
      asked.push(parameters)
      const query = parameters.get('query') ?? ''
      const result = query.startsWith('vector')
        ? [{ metric: {}, value: [clock, String(clock)] }]
        : query.startsWith('histogram')
          ? latencies
          : matrix
      response.end(typeof result === 'string' ? result : JSON.stringify({ status: 'success', data: { result } }))
    })
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const clients = {
    prometheus: prometheusApi({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
    now: () => new Date(NOW),
  } as unknown as Clients
  return { reading: await look(trafficHistory(HOST), clients), asked }
}

it('asks for the last hour by the answers at both ends, and for the latency of each pod', async () => {
  const { reading, asked } = await lookAt({
    matrix: [series({ ...ok, response_code: '504', response_flags: 'UT' }, 0, 0.5), series(ok, 1, 2, 2)],
    latencies: [
      { metric: { pod: 'catalog-1' }, value: [0, '2'] },
      { metric: { pod: 'catalog-2' }, value: [0, '900'] },
      { metric: {}, value: [0, '7'] },
    ],
  })
  expect(reading).toMatchObject({
    ok: true,
    value: {
      host: HOST,
      from: '2026-11-30T11:00:00.000Z',
      to: '2026-11-30T12:00:00.000Z',
      series: [
        { reporter: 'source', code: '200', flags: '-', points: [{ value: 1 }, { value: 2 }, { at: NOW, value: 2 }] },
        { code: '504', flags: 'UT' },
      ],
      latencies: [
        { pod: 'catalog-2', p50: 900, p95: 900 },
        { pod: 'catalog-1', p50: 2, p95: 2 },
      ],
    },
  })
  expect(asked.map((one) => one.get('query') ?? '').sort()).toEqual([
    expect.stringContaining('histogram_quantile(0.5,'),
    expect.stringContaining('histogram_quantile(0.95,'),
    expect.stringMatching(/^sum by \(reporter, response_code, response_flags\) \(rate\(/),
    'vector(time())',
  ])
})

it('leaves out what is no number, and series of which nothing is left', async () => {
  const { reading } = await lookAt({
    matrix: [series(ok, 'NaN', '+Inf', '-1', 3), series({ ...ok, response_code: '503' }, 'NaN'), series({}, 1)],
    latencies: [{ metric: { pod: 'catalog-1' }, value: [0, 'NaN'] }],
  })
  expect(reading).toMatchObject({
    ok: true,
    value: { series: [{ points: [{ value: 3 }] }, { reporter: '', code: '' }] },
  })
  expect(reading.ok && 'latencies' in (reading.value as object)).toBe(false)
})

it('keeps of thousands of series those with most requests, and says how many it left out', async () => {
  const { reading } = await lookAt({
    matrix: Array.from({ length: 5000 }, (_, index) => series({ ...ok, response_flags: `F${index}` }, index + 1)),
  })
  const { value } = reading as Extract<Reading, { ok: true; kind: 'traffic-history' }>
  expect([value.series.length, value.left, value.series[0]?.flags]).toEqual([200, 4800, 'F4999'])
})

it.each([
  ['behind', -600],
  ['ahead', 7200],
])('a clock that is %s: asked by the clock of Prometheus, told by that of the mesh', async (_, seconds) => {
  const clock = NOW / 1000 + seconds
  const { reading, asked } = await lookAt({ clock, matrix: [{ metric: ok, values: [[clock, '4']] }] })
  expect(asked.find((one) => one.has('end'))?.get('end')).toBe(new Date(clock * 1000).toISOString())
  expect(reading).toMatchObject({
    ok: true,
    value: { to: '2026-11-30T12:00:00.000Z', ahead: seconds, series: [{ points: [{ at: NOW, value: 4 }] }] },
  })
})

it('a page in place of JSON, JSON of another kind, an answer that is cut off: not readable, and no guess', async () => {
  for (const matrix of ['<html>Sign in</html>', '{"status":"success","data":{"result":7}}', '{"status":"succ', '[]'])
    expect((await lookAt({ matrix })).reading, matrix).toMatchObject(
      matrix === '[]' ? { ok: false } : { ok: false, reason: 'unparsable' },
    )
})

it('without histograms, or where these alone cannot be read, the answers stand', async () => {
  for (const latencies of [[], '<html>']) {
    const { reading } = await lookAt({ matrix: [series(ok, 1)], latencies })
    expect(reading).toMatchObject({ ok: true, value: { series: [{ code: '200' }] } })
    expect(reading.ok && 'latencies' in (reading.value as object)).toBe(false)
  }
})

it('a Prometheus that is away, or none at all', async () => {
  const away = {
    prometheus: prometheusApi({ url: 'http://127.0.0.1:1' }),
    now: () => new Date(NOW),
  } as unknown as Clients
  expect(await look(trafficHistory(HOST), away)).toMatchObject({ ok: false, reason: 'unavailable' })
  const none = { now: () => new Date(NOW) } as unknown as Clients
  expect(await look(trafficHistory(HOST), none)).toMatchObject({ ok: false, reason: 'unavailable' })
})

it('a host is a string to PromQL, whatever it holds', () => {
  const source = trafficHistory('a"} or vector(1) #').source
  expect(source).toContain(String.raw`destination_service="a\"} or vector(1) #"`)
})

it('leaves out points of times that it did not ask for', async () => {
  const far = { metric: ok, values: [[NOW / 1000, '1'] as [number, string], [1e13, '1'] as [number, string]] }
  const { reading } = await lookAt({ matrix: [far] })
  expect(reading).toMatchObject({ ok: true, value: { series: [{ points: [{ at: NOW, value: 1 }] }] } })
})

it('goes by its own clock where that of Prometheus says no time', async () => {
  const { reading } = await lookAt({ clock: 1e18, matrix: [series(ok, 1, 1)] })
  expect(reading).toMatchObject({ ok: true, value: { to: new Date(NOW).toISOString() } })
})
