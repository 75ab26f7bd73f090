import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { beforeAll, describe, expect, it } from 'vitest'
import { startBot, type Bot } from '../../src/bot.ts'
import type { Finding } from '../../src/checks/check.ts'
import { openClients } from '../../src/cli/clients.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import type { Backend } from '../../src/queue/backend.ts'
import type { Telemetry } from '../../src/diagnosis/telemetry/report.ts'
import type { Side } from '../../src/mesh/both-ends.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import { startSlackStandIn, type SlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { messageLines } from '../../src/sandbox/slack/terminal.ts'
import { readSituation } from '../situation.ts'
import { meshMedic } from './cli.ts'
import { makeIll, mend, NAMESPACE, sendRequests, until } from './mesh.ts'

const ASK = ['diagnose', 'catalog', '-n', NAMESPACE]
const { PROMETHEUS_URL, MESH_MEDIC_TEST_PROMETHEUS: prometheus = PROMETHEUS_URL ?? '' } = process.env
const log = pino({ level: 'silent' })

const percentOf = (finding: Finding | undefined, side: string): number =>
  Number.parseFloat(String(finding?.args[side] ?? ''))
const idOf = (text = ''): string | undefined => /x-request-id ([\da-f-]{36})/.exec(text)?.[1]

/** The chapter's second half: one of several pods is slow, a route gives up after 0.5 s: about 16 of 100 requests get 504. Needs a Prometheus that scrapes the proxies. */
describe.skipIf(prometheus === '')('a slow pod on a real mesh', () => {
  const situation = readSituation('slow-pod-counted')
  // Over more than a minute: a rate needs several scrapes.
  const traffic = situation.traffic ?? { host: '', path: '', requests: 0 }
  let report: Report
  beforeAll(async () => {
    await makeIll(situation)
    const counts = await sendRequests(traffic)
    expect(counts[504]).toBeGreaterThan(10)
    await until('Prometheus to have counted', 60, async () => {
      report = (await meshMedic(ASK, { PROMETHEUS_URL: prometheus })).report
      return (report.history?.client.length ?? 0) > 0 && (report.history?.server.length ?? 0) > 0
    })
  }, 300_000)

  it('is named, observed, with its time against that of the others and the timeout it meets', () => {
    const { cause, verdict } = report
    expect(verdict).toBe('ill')
    expect(cause?.finding).toMatchObject({
      code: 'MESH0433',
      check: 'slow-pod',
      standing: 'observed',
      subject: { kind: 'Pod', namespace: NAMESPACE, name: expect.stringMatching(/^catalog-v2-/) as unknown },
      args: {
        slow: expect.stringMatching(/^\d{3,4} ms( or longer)?/) as unknown,
        quick: expect.stringMatching(/^(?:\d{1,2} ms|less than 1 ms)$/) as unknown,
        by: ` by the timeout 0.5s of VirtualService ${NAMESPACE}/catalog-v1-v2`,
      },
    })
  })

  it('is proved by both lines of one request: 504 UT at the caller, 0 DC at the pod', () => {
    const [caller, callee] = report.cause?.finding.because ?? []
    expect(caller?.quote).toMatch(/ 504 UT response_timeout /)
    expect(callee?.quote).toMatch(/ 0 DC downstream_remote_disconnect /)
    expect(idOf(callee?.says)).toBeDefined()
    expect(callee?.of?.name).toBe(report.cause?.finding.subject.name)
  })

  it('is why clients see less success than servers', () => {
    const disagree = report.findings.find(({ code }) => code === 'MESH0444')
    const [client, server] = [percentOf(disagree, 'client'), percentOf(disagree, 'server')]
    expect(client).toBeGreaterThanOrEqual(75)
    expect(client).toBeLessThanOrEqual(90)
    expect(server).toBe(100)
  })

  it('is told by /mesh telemetry within 1.5 s', async () => {
    const began = performance.now()
    const { report: told } = await meshMedic(['telemetry', 'catalog', '-n', NAMESPACE], { PROMETHEUS_URL: prometheus })
    const took = performance.now() - began
    console.log(`telemetry took ${Math.round(took)} ms, the start of the program included`)
    const { client, server, differences, pods } = told as unknown as Telemetry
    const success = ({ requests, failed }: Side): number => (100 * (requests - failed)) / requests
    expect(client === undefined ? 0 : success(client)).toBeGreaterThanOrEqual(75)
    expect(client === undefined ? 100 : success(client)).toBeLessThanOrEqual(90)
    expect(server === undefined ? 0 : success(server)).toBe(100)
    expect(differences.map(({ answer }) => answer)).toEqual(['504 UT'])
    expect(pods.length).toBeGreaterThanOrEqual(6)
  })

  it('is in the thread with its pictures, and the healthy twin says nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mesh-medic-live-'))
    const standIn: SlackStandIn = await startSlackStandIn()
    const backend: Backend = await openBackend({ dataFolder: folder, log })
    const bot: Bot = await startBot({
      backend,
      log,
      clients: openClients({ istioctl: process.env.ISTIOCTL, prometheus: { url: prometheus } }, new AbortController()),
      options: { botToken: standIn.botToken, appToken: standIn.appToken, apiUrl: standIn.url },
    })
    try {
      await standIn.type(`/mesh diagnose catalog -n ${NAMESPACE}`)
      const charts = await standIn.waitFor(
        () =>
          standIn
            .messages()
            .find(
              ({ threadTs, blocks }) =>
                threadTs !== undefined && blocks.some(({ type }) => type === 'data_visualization'),
            ),
        60_000,
      )
      expect(charts.text).toMatch(/clients' proxies: .* lowest \d[\d.]* %/)
      expect(charts.text).toMatch(/Latency by pod over \d+ min: catalog-v2-\S+ p50 \d{3,4} ms/)
      const root = standIn.messages().find(({ ts }) => ts === charts.threadTs)
      expect(root === undefined ? '' : messageLines(root, standIn.names).join('\n')).toContain(
        'is slow: its requests take',
      )
    } finally {
      await bot.stop()
      await backend.close()
      await standIn.close()
      await rm(folder, { recursive: true, force: true })
    }
    await mend(situation)
    await sendRequests({ ...traffic, requests: 60 })
    const { report: mended } = await meshMedic(ASK, { PROMETHEUS_URL: prometheus })
    expect(mended.verdict).toBe('healthy')
    expect(mended.findings.map(({ code }) => code).filter((code) => /^MESH04(0[1347]|3[3-6]|44)$/.test(code))).toEqual(
      [],
    )
  }, 240_000)
})
