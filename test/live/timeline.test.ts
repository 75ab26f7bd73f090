import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keptAnswer } from '../../src/capabilities/kept-answer.ts'
import { timeline } from '../../src/capabilities/timeline.ts'
import { listLeases } from '../../src/leases/lease-record.ts'
import { listRuns } from '../../src/store/runs.ts'
import { readSituation } from '../situation.ts'
import { openLiveBot, type LiveBot } from './bot.ts'
import { abandonNamespace, kubectl, makeIll, sendRequests, situatedIn } from './mesh.ts'

const NAMESPACE = 'timeline-live'
const HOST = `catalog.${NAMESPACE}.io`
const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')

/** Levels of a proxy's loggers, read by hand. */
const levelsOf = async (pod: { namespace?: string | undefined; name: string }): Promise<string> =>
  (await execa('istioctl', ['proxy-config', 'log', `${pod.name}.${pod.namespace ?? ''}`])).stdout

describe("Show a failed request, from a slow pod's diagnosis", () => {
  let bot: LiveBot
  let folder: string
  const before = new Map<string, string>()
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mesh-medic-timeline-'))
    await makeIll(situatedIn(NAMESPACE, readSituation('slow-endpoint')), NAMESPACE)
    bot = await openLiveBot()
  })
  afterAll(async () => {
    await bot.close()
    await abandonNamespace(NAMESPACE)
    await rm(folder, { recursive: true })
  })

  const send = (requests: number) => sendRequests({ host: HOST, path: '/items', requests }, NAMESPACE)

  it('raises the levels that a slow pod asks for', async () => {
    const pods = JSON.parse(await kubectl(['get', 'pods', '-A', '-o', 'json'])) as {
      items: { metadata: { name: string; namespace: string } }[]
    }
    for (const { metadata } of pods.items)
      if (metadata.namespace === NAMESPACE || metadata.name.startsWith('istio-ingressgateway'))
        before.set(metadata.name, await levelsOf(metadata))
    await send(40)
    const parent = await bot.diagnose(`catalog -n ${NAMESPACE}`)
    await bot.click(parent, 'Raise log level', 'U_ONCALL')
    const view = await bot.standIn.waitFor(
      () => bot.standIn.views('U_ONCALL').find(({ blocks }) => blocks.length > 2),
      15_000,
    )
    expect(JSON.stringify(view.blocks)).toMatch(/As chosen here: about \d+ lines of log a second/)
    await bot.standIn.submitView(view, {}, { user: 'U_ONCALL' })
    await bot.seen(/Log levels are raised/, ({ actions }) => actions.includes('Show a failed request'))
    const [lease] = (await listLeases(bot.backend.records)).filter(({ state }) => state === 'raised')
    expect(lease?.lent).toMatchObject({ http: 'debug', router: 'debug', connection: 'debug', pool: 'debug' })
  })

  it('waits for one, and tells the 504 with its connections, the 500 ms and what the sidecar saw', async () => {
    const { message } = await bot.seen(/Log levels are raised/, ({ actions }) =>
      actions.includes('Show a failed request'),
    )
    await bot.click(message, 'Show a failed request', 'U_ONCALL')
    const sending = send(40)
    const { text } = await bot.seen(/the route's timeout of 500 ms fired/, () => true, 60_000)
    await sending
    expect(text).toMatch(
      /The gateway istio-ingressgateway-\S+ took GET catalog\.timeline-live\.io\/items at .* on connection \d+, stream \d+, request id [\w-]+\./,
    )
    expect(text).toMatch(/it was sent upstream on connection \d+ to pod catalog-v2-\S+ \(\d+\.\d+\.\d+\.\d+:3000\)/)
    // The timeout counts from the request; a new connection may come before it is sent.
    expect(text).toMatch(/504 after (?:49|[5-9]\d)\d\.\d ms, the route's timeout fired/)
    expect(text).toMatch(
      /[\d.,]+ ms after the request was sent, without an answer, the route's timeout of 500 ms fired\./,
    )
    expect(text).toMatch(/The gateway closed connection \d+ and answered 504 itself \(response_timeout\)\./)
    expect(text).toMatch(/The sidecar catalog-v2-\S+ took it [\d.-]+ ms later on its connection \d+/)
    expect(text).toMatch(
      /its caller went away; the application had had the request for \d+\.\d ms and not answered\. Its access log says 0 DC downstream_remote_disconnect\./,
    )
    const run = (await listRuns(bot.backend.records)).find(({ request }) => request.kind === 'timeline')
    const kept = await keptAnswer(bot.backend.records, run?.id ?? '', timeline.answer)
    const [gateway, sidecar] = kept?.found.timeline.legs ?? []
    // Envoy's own ids, as its log has them: both proxies name the same request.
    expect(gateway?.entries.some(({ raw }) => raw.includes('upstream timeout'))).toBe(true)
    expect(sidecar?.request.id).toBe(gateway?.request.id)
    const files = bot.standIn.files().map(({ name }) => name)
    expect(files.some((name) => name.endsWith('.png'))).toBe(true)
    expect(files.some((name) => name.endsWith('.txt'))).toBe(true)
  })

  it('tells the same from saved logs', async () => {
    const run = (await listRuns(bot.backend.records)).find(({ request }) => request.kind === 'timeline')
    const kept = await keptAnswer(bot.backend.records, run?.id ?? '', timeline.answer)
    const legs = kept?.found.timeline.legs ?? []
    const files = await Promise.all(
      legs.map(async ({ log }) => {
        const namespace = log.startsWith('istio-ingressgateway') ? 'istio-system' : NAMESPACE
        const path = join(folder, `${log}.log`)
        await writeFile(path, await kubectl(['-n', namespace, 'logs', log, '-c', 'istio-proxy']))
        return path
      }),
    )
    const lines = join(folder, 'request.log')
    const { stdout } = await execa(process.execPath, [
      ...[CLI, 'timeline', '--request-id', legs[0]?.request.id ?? '', '--lines', lines],
      ...files.flatMap((file) => ['--file', file]),
    ])
    expect(stdout).toContain("the route's timeout of 500 ms fired")
    expect(stdout).toContain('Its access log says 0 DC downstream_remote_disconnect.')
    expect(await readFile(lines, 'utf8')).toContain('upstream timeout')
  })

  it('leaves the levels exactly as they were', async () => {
    const { message } = await bot.seen(/Log levels are raised/, ({ actions }) => actions.includes('Put back now'))
    await bot.click(message, 'Put back now', 'U_ONCALL')
    await bot.seen(/Log levels were put back/)
    expect(before.size).toBeGreaterThan(3)
    for (const [name, was] of before)
      expect(
        await levelsOf({ name, namespace: name.startsWith('istio-ingressgateway') ? 'istio-system' : NAMESPACE }),
      ).toBe(was)
    expect(bot.standIn.calls.filter(({ ok }) => !ok)).toEqual([])
  })
})
