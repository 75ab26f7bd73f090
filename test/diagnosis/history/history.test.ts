import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../../src/checks/index.ts'
import { examine } from '../../../src/diagnosis/examine.ts'
import type { Report } from '../../../src/diagnosis/report.ts'
import type { Prometheus } from '../../../src/evidence/clients/clients.ts'
import { UnseenError } from '../../../src/evidence/clients/clients.ts'
import { parseRecording, replayClients } from '../../../src/evidence/clients/recording.ts'
import { parseTarget } from '../../../src/mesh/target-query.ts'
import { chartsOf } from '../../../src/report/chart.ts'
import { goingOn } from '../../../src/report/going-on.ts'
import { headline, whatToDo } from '../../../src/report/telling.ts'
import { once } from '../../once.ts'

/**
 * Meshes that Prometheus has counted the requests of: one pod of three became slow, and the route gives up after half a second; the same mesh before; and one whose
 * access logs a Telemetry object turned off, where one of two pods answers 500.
 */
type Recorded = 'slow-pod' | 'all-quick' | 'logs-off'
const recordingOf = once((name) =>
  parseRecording(gunzipSync(readFileSync(join(import.meta.dirname, `${name}.recording.json.gz`))).toString()),
)
const asked = (name: Recorded) => parseTarget('catalog', name === 'logs-off' ? 'chart-b' : 'chart-a')
const diagnosed = once((name): Promise<Report> =>
  examine(asked(name as Recorded), replayClients(recordingOf(name)), CHECKS),
)
const withPrometheus = (name: Recorded, prometheus: Prometheus | undefined): Promise<Report> => {
  const { prometheus: _, ...clients } = replayClients(recordingOf(name))
  return examine(asked(name), { ...clients, ...(prometheus !== undefined && { prometheus }) }, CHECKS)
}
const codes = ({ findings }: Report): string[] => findings.map(({ code }) => code)
const disagreement = ({ findings }: Report) => findings.find(({ code }) => code === 'MESH0444')

describe('a pod that became slow, behind a short timeout', () => {
  it('is the cause, with what the others take and whose timeout it is', async () => {
    const { verdict, cause } = await diagnosed('slow-pod')
    expect(verdict).toBe('ill')
    expect(cause!.finding).toMatchObject({
      code: 'MESH0433',
      standing: 'observed',
      subject: { kind: 'Pod', namespace: 'chart-a', name: expect.stringMatching(/^catalog-v2-/) as string },
      args: { quick: 'less than 1 ms', by: ' by the timeout 0.5s of VirtualService chart-a/catalog-v1-v2' },
    })
    const quotes = cause!.finding.because.map(({ quote = '' }) => quote)
    expect(quotes[0]).toContain(' 504 UT ')
    expect(quotes[1]).toContain(' 0 DC ')
  })

  it('callers see failures where the servers count none, by the count of Prometheus', async () => {
    const found = disagreement(await diagnosed('slow-pod'))!
    expect(found.args.server).toBe('100 %')
    expect(Number(/^[\d.]+/.exec(String(found.args.client))?.[0])).toBeGreaterThan(75)
    expect(Number(/^[\d.]+/.exec(String(found.args.client))?.[0])).toBeLessThan(90)
    expect(found.args.answers).toEqual([expect.stringMatching(/^504 UT \d/)])
    expect(found.because[0].kind).toBe('traffic-history')
  })

  it('since when it is so, further back than the logs were read', async () => {
    const report = await diagnosed('slow-pod')
    expect(report.history!.since!.at.slice(0, 16)).toBe('2026-11-30T20:14')
    expect(goingOn(CHECKS, report)).toMatch(/ with 504 UT, since about 20:14:00 UTC: /)
  })

  it('each figure names its window: the requests that are counted began before those that fail', async () => {
    const { history: _, ...report } = await diagnosed('slow-pod')
    const { traffic } = report
    const from = new Date(Date.parse(traffic!.failingFrom!) - 600_000).toISOString()
    expect(goingOn(CHECKS, { ...report, traffic: { ...traffic!, from } })).toMatch(
      /^\d+ of \d+ requests since \d\d:\d\d:\d\d UTC fail \(\d+ %\) with 504 UT, the first at \d\d:\d\d:\d\d UTC: /,
    )
    expect(disagreement(await diagnosed('slow-pod'))?.args.since).toMatch(/^20:1\d:\d\d UTC$/)
    const charts = chartsOf((await diagnosed('slow-pod')).history!)
    expect(charts.map(({ says }) => says)).toEqual([
      expect.stringMatching(/^Requests that succeed, \d\d:\d\d to \d\d:\d\d UTC\./),
      expect.stringMatching(/^Latency by pod over 5 min: /),
    ])
    const { traffic: _none, ...unlogged } = await diagnosed('slow-pod')
    expect(goingOn(CHECKS, { ...unlogged, requests: [] })).toMatch(/ requests a second over 2 min fail/)
  })

  it('what was changed meanwhile, and how long each pod takes', async () => {
    const { history } = await diagnosed('slow-pod')
    expect(history!.changes.map(({ kind, of }) => `${kind} ${of.kind} ${of.name}`)).toEqual(
      expect.arrayContaining(['configuration VirtualService catalog-v1-v2', 'rollout Deployment catalog-v2']),
    )
    const [slow, ...others] = history!.latencies
    expect(slow!.p50).toBeGreaterThan(200)
    for (const { p50 } of others) expect(p50).toBeLessThan(10)
  })
})

it('the same mesh with quick pods: healthy, both ends agree, although requests failed earlier in the hour', async () => {
  const report = await diagnosed('all-quick')
  expect([report.verdict, codes(report), report.history!.since]).toEqual(['healthy', [], undefined])
  expect(Math.min(...report.history!.client.map(({ value }) => value))).toBeLessThan(0.9)
})

describe('access logs that are off', () => {
  it('a mesh that fails by the count of Prometheus is not healthy, and it is said since when', async () => {
    const report = await diagnosed('logs-off')
    expect(report.verdict).toBe('unclear')
    expect(headline(CHECKS, report)).toMatch(
      /^Service chart-b\/catalog: unclear, because [\d.]+ % of the requests since \d\d:\d\d:\d\d UTC fail by the count of Prometheus, and no access log tells which\.$/,
    )
    expect(whatToDo(CHECKS, report)).toMatch(/^Switch access logs on/)
    expect(report.history!.since!.at.slice(0, 16)).toBe('2026-11-30T20:25')
  })

  it('without Prometheus nobody counted', async () => {
    const report = await withPrometheus('logs-off', undefined)
    expect([report.verdict, report.history]).toEqual(['healthy', undefined])
  })
})

describe('a Prometheus that does not tell', () => {
  const away = (): Promise<never> => Promise.reject(new UnseenError('unavailable', 'Prometheus answered 503'))
  it.each<[string, Prometheus, number]>([
    ['is away', { query: away, range: away }, 1],
    [
      'gives no number',
      { query: () => Promise.resolve([{ metric: {}, value: NaN }]), range: () => Promise.resolve([]) },
      0,
    ],
    [
      'has series without a reporter',
      {
        query: () => Promise.resolve([{ metric: {}, value: 1 }]),
        range: (_, { to }) =>
          Promise.resolve([{ metric: { response_code: '503' }, points: [{ at: Date.parse(to), value: 9 }] }]),
      },
      0,
    ],
    [
      'has one sample',
      {
        query: () => Promise.resolve([]),
        range: (_, { to }) =>
          Promise.resolve(
            ['source', 'destination'].map((reporter) => ({
              metric: { reporter, response_code: reporter === 'source' ? '504' : '200', response_flags: 'UT' },
              points: [{ at: Date.parse(to), value: 0.001 }],
            })),
          ),
      },
      0,
    ],
  ])('%s: the logs of both ends tell, and the verdict stands', async (_, prometheus, missed) => {
    const report = await withPrometheus('slow-pod', prometheus)
    expect([report.verdict, report.cause?.finding.code]).toEqual(['ill', 'MESH0433'])
    expect(disagreement(report)!.because[0].kind).toBe('access-log')
    expect(disagreement(report)!.args).toMatchObject({ server: '100 %' })
    expect(report.skipped.filter(({ kind }) => kind === 'traffic-history')).toHaveLength(missed)
  })
})
