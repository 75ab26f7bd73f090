import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { telemetryOf } from '../../../src/diagnosis/telemetry/telemetry.ts'
import { windowAsked } from '../../../src/diagnosis/telemetry/window-asked.ts'
import { UnseenError, type Clients, type Prometheus } from '../../../src/evidence/clients/clients.ts'
import { parseRecording, replayClients } from '../../../src/evidence/clients/recording.ts'
import { parseTarget } from '../../../src/mesh/target-query.ts'
import { recordedClients } from '../../replay.ts'
import { telemetryText } from '../../../src/report/telemetry-text.ts'

const signal = new AbortController().signal
const ask = parseTarget('catalog', 'shop')
/** One of three pods takes about a second, and the route gives up after half of one; and the same mesh before. */
const recorded = (name: 'slow-pod' | 'all-quick'): Clients =>
  replayClients(parseRecording(readFileSync(join(import.meta.dirname, `${name}.recording.json`), 'utf8')))
const asked = (clients: Clients) => telemetryOf(ask, clients, { window: 120, signal })

/** The recorded mesh with another Prometheus. */
const withPrometheus = (prometheus: Prometheus): Clients => ({ ...recorded('slow-pod'), prometheus })

describe('a slow pod behind a short timeout', () => {
  it('clients see failures where servers see none, and why', async () => {
    const found = await asked(recorded('slow-pod'))
    const success = ({ requests, failed }: { requests: number; failed: number }): number => 1 - failed / requests
    expect(success(found.client!)).toBeGreaterThan(0.5)
    expect(success(found.client!)).toBeLessThan(0.9)
    expect(success(found.server!)).toBe(1)
    expect(found.differences).toHaveLength(1)
    expect(found.differences[0]).toMatchObject({ answer: '504 UT' })
    expect(found.pods).toHaveLength(3)
    const [slow, ...others] = found.pods
    expect(slow!.p50).toBeGreaterThan(100)
    for (const other of others) expect(other.p50).toBeLessThan(5)
    expect(found.since!.before).toBeLessThan(0.05)
    expect(found.since!.after).toBeGreaterThan(0.1)
    expect(found.notes).toEqual([])
  })

  it('as a terminal shows it', async () => {
    const text = telemetryText(await asked(recorded('slow-pod')))
    expect(text).toMatch(
      /^Clients see \d\d(?:\.\d)? % of their requests succeed; servers see 100 %\.\nService shop\/catalog, the last 120 s\n/,
    )
    expect(text).toMatch(/Why they differ\n {2}504 UT \(\d+\): the client's proxy gave up waiting/)
    expect(text).toMatch(
      /Since\n {2}\d+(?:\.\d)? % of the requests have failed since about \d\d:\d\d UTC \(\d+(?:\.\d)? % before\)/,
    )
  })
})

it('the query of requests whose caller hung up is shown, with where it can be run', async () => {
  const found = await asked(recorded('slow-pod'))
  const links = [
    { name: 'Service dashboard', url: 'https://grafana.example/d/x?var-service={host}' },
    { name: 'Console', url: 'https://prometheus.example/graph?g0.expr={query}&g0.range_input=1h' },
  ]
  const text = telemetryText(found, links)
  expect(text).toMatch(
    /requests whose caller hung up \(DC\), by pod and version, as the servers count: sort_desc\(sum by \(response_code, pod, version\) \(irate\(istio_requests_total\{destination_service=~.*,reporter="destination",response_flags="DC"\}\[5m\]\)\)\)\n {4}Console: https:\/\/prometheus\.example\/graph\?g0\.expr=sort_desc\(sum%20by/,
  )
  expect(telemetryText(found)).not.toContain('Console')
  // Where nobody hung up there is nothing to look for.
  expect(telemetryText(await asked(recorded('all-quick')), links)).not.toContain('Console')
})

it('all pods quick: both ends agree, and nothing is said to differ', async () => {
  const found = await asked(recorded('all-quick'))
  expect([found.client!.failed, found.server!.failed, found.differences, found.since]).toEqual([0, 0, [], undefined])
  expect(telemetryText(found)).toMatch(/^100 % of the requests succeed, by the count of both clients and servers\.\n/)
})

it('a host with a wildcard is asked for as a pattern that Prometheus accepts', async () => {
  const clients = recordedClients('chapter-10/ill')
  const { kubernetes } = clients
  const asked: string[] = []
  const wild: Clients = {
    ...clients,
    kubernetes: {
      ...kubernetes,
      list: async (resource, ...all) =>
        resource.plural === 'serviceentries'
          ? [
              {
                apiVersion: 'networking.istio.io/v1',
                kind: 'ServiceEntry',
                metadata: { name: 'partners', namespace: 'shop' },
                spec: { hosts: ['*.wild.example'], ports: [{ number: 80, name: 'http', protocol: 'HTTP' }] },
              },
            ]
          : kubernetes.list(resource, ...all),
    },
    prometheus: {
      query: (expression) => {
        asked.push(expression)
        return Promise.resolve([])
      },
    },
  }
  await telemetryOf(parseTarget('*.wild.example'), wild, { signal })
  expect(asked.find((one) => one.startsWith('sum by'))).toContain(
    String.raw`destination_service=~".*\\.wild\\.example"`,
  )
})

describe('what Prometheus does not know', () => {
  it('no series at all', async () => {
    const found = await asked(withPrometheus({ query: () => Promise.resolve([]) }))
    expect(found).toMatchObject({
      answers: [],
      pods: [],
      notes: [expect.stringMatching(/has no series of istio_requests_total/)],
    })
    expect(telemetryText(found)).toMatch(/^Prometheus has no series/)
  })

  it('values that are no numbers, no histogram, one end alone', async () => {
    const metric = { reporter: 'destination', response_code: '200', response_flags: '-' }
    const found = await asked(
      withPrometheus({
        query: (expression) =>
          Promise.resolve(
            /^(histogram|vector)/.test(expression)
              ? [{ metric, value: NaN }]
              : [
                  { metric, value: 12 },
                  { metric, value: NaN },
                ],
          ),
      }),
    )
    expect(found.server).toEqual({ requests: 12, failed: 0 })
    expect(found.client).toBeUndefined()
    expect(found.notes).toEqual([
      expect.stringMatching(/^The clients' side is not known/),
      expect.stringMatching(/^Latencies are not known/),
      expect.stringMatching(/^The time since when requests fail is not known/),
    ])
  })

  const metric = { reporter: 'source', response_code: '200', response_flags: '-' }

  it.each([NaN, Infinity, -5, 1e308])(
    'counts that are none (%d): that is said, not that there are no requests',
    async (value) => {
      const found = await asked(withPrometheus({ query: () => Promise.resolve([{ metric, value }]) }))
      expect(found).not.toHaveProperty('client')
      expect(found.notes).toEqual([expect.stringMatching(/values that are no numbers of requests/)])
    },
  )

  it('a share that is none is not told', async () => {
    const clients = recorded('slow-pod')
    const now = clients.now().getTime()
    const points = Array.from({ length: 60 }, (_, minute) => ({
      at: now - (60 - minute) * 60_000,
      value: minute < 30 ? -5 : 7,
    }))
    const found = await asked({
      ...clients,
      prometheus: {
        query: (expression) => Promise.resolve(expression.startsWith('vector') ? [] : [{ metric, value: 10 }]),
        range: () => Promise.resolve([{ metric, points }]),
      },
    })
    expect(found).not.toHaveProperty('since')
    expect(found.history?.client).toEqual([])
  })

  it('latencies and history that it may not be asked for: the counts are told all the same, and why not these', async () => {
    const found = await asked(
      withPrometheus({
        query: (expression) =>
          expression.startsWith('histogram')
            ? Promise.reject(new UnseenError('unavailable', 'Prometheus answered: too many samples'))
            : Promise.resolve(expression.startsWith('vector') ? [] : [{ metric, value: 10 }]),
        range: () => Promise.reject(new UnseenError('unavailable', 'Prometheus answered 422: what?')),
      }),
    )
    expect(found.client).toEqual({ requests: 10, failed: 0 })
    expect(found.notes).toContain('Latencies are not known: Prometheus answered: too many samples.')
    expect(found.notes).toContain('The time since when requests fail is not known: Prometheus answered 422: what?')
  })

  it('as many pods and answers as an answer can hold are told in turn', async () => {
    const many = Array.from({ length: 40_000 }, (_, index) => ({
      metric: {
        reporter: index % 2 === 0 ? 'source' : 'destination',
        response_code: `5${index}`,
        response_flags: `X${index}`,
        pod: `pod-${index}`,
      },
      value: 1,
    }))
    const found = await asked(
      withPrometheus({ query: (expression) => Promise.resolve(expression.startsWith('vector') ? [] : many) }),
    )
    expect(found.pods).toHaveLength(20_000)
    expect(telemetryText(found)).toContain('and 19980 more')
  })

  it.each([
    ['unavailable', 'Prometheus could not be reached (connect ECONNREFUSED)'],
    ['unparsable', 'Prometheus answered something that is not JSON'],
  ] as const)('no answer that can be read (%s): says so, and how to name another', async (reason, detail) => {
    const away = withPrometheus({ query: () => Promise.reject(new UnseenError(reason, detail)) })
    await expect(asked(away)).rejects.toMatchObject({
      why: `No answer from Prometheus: ${detail}.`,
      remedies: [expect.stringContaining('PROMETHEUS_URL') as string],
    })
  })

  it('one that is too slow is waited for once', async () => {
    let asked_ = 0
    const slow = withPrometheus({
      query: (_, stop) => {
        asked_ += 1
        return new Promise((_resolve, reject) => {
          stop.addEventListener('abort', () => {
            reject(new UnseenError('timeout', 'Prometheus did not answer in time'))
          })
        })
      },
    })
    await expect(telemetryOf(ask, slow, { window: 120, signal, stepTimeout: 20 })).rejects.toMatchObject({
      why: 'No answer from Prometheus: Prometheus did not answer in time.',
    })
    expect(asked_).toBe(1)
  })

  it('is not there: says how to name it', async () => {
    const { prometheus: _, ...without } = recorded('slow-pod')
    await expect(asked(without)).rejects.toMatchObject({
      why: 'No Prometheus is configured.',
      remedies: [expect.stringContaining('PROMETHEUS_URL') as string],
    })
  })
})

it.each([
  ['5m', 300],
  ['90s', 90],
  ['1h30m', 5400],
  ['24h', 86_400],
])('a window of %s', (text, seconds) => {
  expect(windowAsked(text, 'mesh-medic telemetry')).toBe(seconds)
})

it.each(['5', 'm', '-5m', '10s', '25h', '', 'x'.repeat(500)])('no window: %j', (text) => {
  expect(() => windowAsked(text, 'mesh-medic telemetry')).toThrow(/is not a time window/)
})

describe('what is counted for a target that is no Service', () => {
  const ofMesh = (prometheus: Prometheus): Clients => ({ ...recordedClients('chapter-10/ill'), prometheus })
  const counting: Prometheus = {
    query: (expression) =>
      Promise.resolve(
        expression.startsWith('vector')
          ? []
          : [{ metric: { reporter: 'source', response_code: '200', response_flags: '-' }, value: 10 }],
      ),
  }

  it('all requests to its Service: that is said', async () => {
    const asked_ = parseTarget('deploy/catalog-v2', 'istioinaction')
    const found = await telemetryOf(asked_, ofMesh(counting), { signal })
    expect(telemetryText(found)).toContain(
      'Deployment istioinaction/catalog-v2, all requests to Service istioinaction/catalog, the last 300 s',
    )
    const itself = await telemetryOf(parseTarget('catalog', 'istioinaction'), ofMesh(counting), { signal })
    expect(telemetryText(itself)).toContain('\nService istioinaction/catalog, the last 300 s\n')
  })

  it('without a Service nothing is: no other requests are taken for its own', async () => {
    const { kubernetes, ...others } = ofMesh(counting)
    const bare: Clients = {
      ...others,
      kubernetes: {
        ...kubernetes,
        list: async (resource, ...all) => (resource.plural === 'services' ? [] : kubernetes.list(resource, ...all)),
      },
    }
    await expect(
      telemetryOf(parseTarget('deploy/catalog-v2', 'istioinaction'), bare, { signal }),
    ).rejects.toMatchObject({
      why: expect.stringMatching(/^No Service selects Deployment istioinaction\/catalog-v2/) as string,
    })
  })
})

describe('who counts', () => {
  const sample = (reporter: string, value: number, more: Record<string, string> = {}) => ({
    metric: { reporter, response_code: '200', response_flags: '-', ...more },
    value,
  })
  const answering = (samples: ReturnType<typeof sample>[], clock?: number): Clients =>
    withPrometheus({
      query: (expression) =>
        Promise.resolve(
          expression.startsWith('sum by (reporter, response_code')
            ? samples
            : expression === 'vector(time())' && clock !== undefined
              ? [{ metric: {}, value: clock }]
              : [],
        ),
    })

  it('a waypoint: said, with what it answered itself; its pod is none of the target', async () => {
    const found = await asked(
      answering([
        sample('waypoint', 80, { pod: 'waypoint-7d9-abcde' }),
        sample('waypoint', 20, { pod: 'waypoint-7d9-abcde', response_code: '504', response_flags: 'UT' }),
      ]),
    )
    expect(found).toMatchObject({ by: 'waypoint', server: { requests: 100, failed: 20 }, pods: [] })
    expect(found.notes[0]).toMatch(/^A waypoint counted: what it answers itself, 504 UT for instance, is among it/)
    expect(telemetryText(found)).toMatch(/^80 % of the requests succeed, by the count of the waypoint\./)
  })

  it('a waypoint and the sidecars behind it count the same requests: once is enough', async () => {
    const found = await asked(
      answering([
        sample('source', 100),
        sample('waypoint', 100, { pod: 'waypoint-7d9-abcde' }),
        sample('destination', 100, { pod: 'catalog-1' }),
      ]),
    )
    expect(found).toMatchObject({ client: { requests: 100 }, server: { requests: 100 }, pods: [{ name: 'catalog-1' }] })
    expect(found).not.toHaveProperty('by')
  })

  it('without the label reporter: that is said, and nothing is counted', async () => {
    const found = await asked(answering([{ metric: { response_code: '200' }, value: 100 } as never]))
    expect(found).not.toHaveProperty('client')
    expect(found).not.toHaveProperty('server')
    expect(found.notes[0]).toMatch(/has the series without the label reporter/)
  })

  it.each([
    ['ahead', 600, /clock is 600 s ahead of the mesh's/],
    ['behind', -7200, /clock is 7200 s behind the mesh's/],
  ])('a Prometheus whose clock is %s: said', async (_, seconds, says) => {
    const clients = answering([sample('source', 100)])
    const now = clients.now().getTime() / 1000
    const found = await asked({ ...answering([sample('source', 100)], now + seconds), now: () => new Date(now * 1000) })
    expect(found.notes).toContainEqual(expect.stringMatching(says))
  })

  it('asks over time by the clock of Prometheus, and tells by that of the mesh', async () => {
    const clients = recorded('slow-pod')
    const now = clients.now().getTime()
    const there = now + 600_000
    const points = [3, 2, 1, 0].map((minutes) => ({ at: there - minutes * 60_000, value: minutes > 1 ? 0 : 0.4 }))
    const asked_: { from: string; to: string }[] = []
    const found = await asked({
      ...clients,
      prometheus: {
        query: (expression) =>
          Promise.resolve(
            expression === 'vector(time())'
              ? [{ metric: {}, value: there / 1000 }]
              : expression.startsWith('sum by (reporter, response_code')
                ? [sample('source', 100)]
                : [],
          ),
        range: (_, over) => {
          asked_.push(over)
          return Promise.resolve([{ metric: { reporter: 'source' }, points }])
        },
      },
    })
    expect(asked_[0]?.to).toBe(new Date(there).toISOString())
    expect(found.history?.client.at(-1)?.at).toBe(now)
    // The rate at a point is over two minutes: it rises to half of the new level one minute after the change.
    expect(found.since?.at).toBe(new Date(now - 2 * 60_000).toISOString())
  })
})
