import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import type { Clients, Kubernetes } from '../../src/evidence/clients/clients.ts'
import { searchLines } from '../../src/evidence/clients/log-search.ts'
import { recordClients, replayClients } from '../../src/evidence/clients/recording.ts'
import { parseTarget } from '../../src/mesh/target-query.ts'
import { defined } from '../../src/mesh/defined.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import { reportText } from '../../src/report/text.ts'
import { shownBySteps } from '../../src/report/what-it-showed.ts'
import { recordedClients } from '../replay.ts'

const ask = parseTarget('catalog', 'istioinaction')
type Search = NonNullable<Kubernetes['search']>

/** What strangers asked the gateway for in the last seconds: the end of its log holds nothing else. */
function busy(at: Date): string {
  const line = (index: number): string =>
    `[${new Date(at.getTime() - 5000 + index * 10).toISOString()}] "GET /other HTTP/1.1" 200 - via_upstream - "-" 0 12 3 2 "10.0.0.1" "curl" "id-${index}" "other.example" "10.9.9.9:80" outbound|80||other.other.svc.cluster.local 10.0.0.2:1 10.0.0.2:8080 10.0.0.1:2 - -`
  return Array.from({ length: 500 }, (_, index) => line(index)).join('\n')
}

/** A recorded mesh whose gateways are busy: their whole logs hold what was recorded, and the strangers' requests after it. */
function busyGateway(
  from: string,
  search?: (whole: string, ...asked: Parameters<Search>) => ReturnType<Search>,
): Clients {
  const recorded = recordedClients(from)
  const { kubernetes } = recorded
  const isGateway = ({ name }: { name: string }): boolean => name.includes('gateway')
  return {
    ...recorded,
    kubernetes: {
      ...kubernetes,
      log: async (pod, ...asked) => (isGateway(pod) ? busy(recorded.now()) : kubernetes.log(pod, ...asked)),
      ...(search !== undefined && {
        search: async (pod, container, asked, signal) =>
          search(
            `${await kubernetes.log(pod, container, 500, signal)}\n${busy(recorded.now())}`,
            pod,
            container,
            asked,
            signal,
          ),
      }),
    },
  }
}

const readAll = (whole: string, ...[, , asked]: Parameters<Search>): ReturnType<Search> =>
  searchLines(
    (async function* () {
      yield await Promise.resolve(Buffer.from(whole))
    })(),
    asked,
  )

it.each(['application-errors/ill', 'chapter-10/ill', 'slow-endpoint/ill', 'chapter-10/mended'])(
  'a busy gateway in %s: its log is read for its time, and says the same',
  async (from) => {
    const [quiet, found] = [
      await examine(ask, recordedClients(from), CHECKS),
      await examine(ask, busyGateway(from, readAll), CHECKS),
    ]
    expect(found.verdict).toBe(quiet.verdict)
    expect(found.cause?.finding).toMatchObject({
      ...(quiet.cause !== undefined && { code: quiet.cause.finding.code, args: quiet.cause.finding.args }),
    })
    const logs = found.readings.filter(({ kind, of }) => kind === 'access-log' && of?.name.includes('gateway'))
    expect(logs).toHaveLength(1)
    expect(Object.values(shownBySteps(found)).join('\n')).toMatch(
      /requests?: .*; [\d,]+ lines since [\d:]{8} UTC were read \(\d\.\d MB\)/,
    )
    expect(logs[0]!.source).toMatch(/ --since-time=\S+Z \| grep '.*catalog.*'$/)
  },
)

it('is never healthy where the log could not be read to its end', async () => {
  const clients = busyGateway('chapter-10/mended', async (...asked) => ({ ...(await readAll(...asked)), whole: false }))
  const report = await examine(ask, clients, CHECKS)
  expect(report.verdict).toBe('unclear')
  expect(JSON.stringify(report.readings.filter(({ ok }) => !ok))).toMatch(/\d+ lines .* were read, and there are more/)
})

it('is recorded, and replayed alike', async () => {
  const { clients, recording } = recordClients(busyGateway('application-errors/ill', readAll))
  const live = await examine(ask, clients, CHECKS)
  const again = await examine(ask, replayClients(recording), CHECKS)
  expect(again.findings.map(({ code, args }) => [code, args])).toEqual(
    live.findings.map(({ code, args }) => [code, args]),
  )
  expect(again.verdict).toBe('ill')
})

describe('the window that is asked for', () => {
  const since = async (window?: number): Promise<Report> =>
    examine({ ...ask, ...defined({ window }) }, busyGateway('application-errors/ill', readAll), CHECKS)

  it('is how far back logs are read and requests count, where nothing was changed since', async () => {
    const usual = await since()
    const { from = '', to = '' } = usual.traffic ?? {}
    const [log] = usual.readings.filter(({ kind }) => kind === 'access-log')
    const window = Date.parse(log?.at ?? '') - (Date.parse(from) + Date.parse(to)) / 2
    const short = await since(window)
    expect(short.traffic?.requests).toBeLessThan(usual.traffic?.requests ?? 0)
    expect(short.traffic?.requests).toBeGreaterThan(0)
    expect(short.logs?.window).toBe(window / 1000)
    const begins = Date.parse(short.logs?.since ?? '')
    expect(Date.parse(short.traffic?.from ?? '')).toBeGreaterThanOrEqual(begins)
    const read = short.plan.filter(({ command }) => command.includes('--since-time='))
    expect(read.map(({ command }) => Date.parse(/--since-time=(\S+)/.exec(command)?.[1] ?? ''))).toEqual(
      read.map(() => Math.floor(begins / 1000) * 1000),
    )
  })

  it('is told with what was seen of it', async () => {
    const text = reportText(CHECKS, await since(60_000))
    expect(text).toMatch(
      /^Window: 1 min were asked for; requests count since [\d:]{8} UTC; [\d,]+ lines of \d+ logs were read\.$/m,
    )
    expect(reportText(CHECKS, await since())).not.toContain('Window:')
  })

  it('of which a log holds the end only: since when is told', async () => {
    const report = await examine({ ...ask, window: 600_000 }, busyGateway('application-errors/ill'), CHECKS)
    expect(reportText(CHECKS, report)).toMatch(
      /^Window: 10 min .*; not the whole time: that of istio-ingressgateway-\S+ from [\d:]{8} UTC on\.$/m,
    )
  })
})

it('a log that was rotated: where it begins is told, and a quiet one is not taken for it', async () => {
  const rotated = busyGateway('application-errors/ill', async (whole, ...asked) =>
    readAll(whole.split('\n').slice(-500).join('\n'), ...asked),
  )
  const report = await examine({ ...ask, window: 3600_000 }, rotated, CHECKS)
  expect(Object.values(shownBySteps(report)).join('\n')).toMatch(
    /; the log begins at [\d:]{8} UTC: earlier lines may have been rotated away/,
  )
  expect(reportText(CHECKS, report)).toMatch(/not the whole time: that of istio-ingressgateway-\S+ from/)
  const quiet = busyGateway('application-errors/ill', async (whole, ...asked) =>
    readAll(whole.split('\n').slice(-20).join('\n'), ...asked),
  )
  expect(JSON.stringify(shownBySteps(await examine(ask, quiet, CHECKS)))).not.toContain('rotated')
})
