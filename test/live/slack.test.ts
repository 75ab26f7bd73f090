import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openClients } from '../../src/cli/clients.ts'
import type { Backend } from '../../src/queue/backend.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import { startSlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import type { Message, SlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { messageLines } from '../../src/sandbox/slack/terminal.ts'
import type { Bot } from '../../src/bot.ts'
import { startBot } from '../../src/bot.ts'
import { readSituation } from '../situation.ts'
import { makeIll, mend, sendRequests } from './mesh.ts'

const TRAFFIC = { host: 'catalog.istioinaction.io', path: '/items', requests: 20 }
const log = pino({ level: 'silent' })

describe('/mesh diagnose catalog on a real mesh', () => {
  const situation = readSituation('chapter-10')
  let folder: string
  let standIn: SlackStandIn
  let backend: Backend
  let bot: Bot

  beforeAll(async () => {
    await makeIll(situation)
    folder = await mkdtemp(join(tmpdir(), 'mesh-medic-live-'))
    standIn = await startSlackStandIn()
    backend = await openBackend({ dataFolder: folder, log })
    bot = await startBot({
      backend,
      log,
      clients: openClients({ istioctl: process.env.ISTIOCTL }, new AbortController()),
      options: { botToken: standIn.botToken, appToken: standIn.appToken, apiUrl: standIn.url },
    })
  })
  afterAll(async () => {
    await bot.stop()
    await backend.close()
    await standIn.close()
    await rm(folder, { recursive: true, force: true })
  })

  const read = (message: Message): string => messageLines(message, standIn.names).join('\n')

  /** Types the command; the parent message once it holds a verdict, and its thread once it is whole. */
  async function diagnose(): Promise<{ parent: string; thread: string }> {
    const before = new Set(standIn.messages().map(({ ts }) => ts))
    await standIn.type('/mesh diagnose catalog')
    const parent = await standIn.waitFor(
      () =>
        standIn
          .messages()
          .find((one) => !before.has(one.ts) && one.threadTs === undefined && /Ill|Healthy|Unclear/.test(read(one))),
      60_000,
    )
    const proof = await standIn.waitFor(
      () => standIn.thread(parent.channel, parent.ts).find((one) => /^(Proof|The path of a request)/.test(read(one))),
      30_000,
    )
    expect(proof.threadTs).toBe(parent.ts)
    return { parent: read(parent), thread: standIn.thread(parent.channel, parent.ts).map(read).join('\n') }
  }

  it('before traffic: names the cause as live', async () => {
    const { parent, thread } = await diagnose()
    expect(parent).toMatch(/Ill/)
    expect(parent).toContain(
      'VirtualService istioinaction/catalog-v1-v2 routes to subsets version-v1, version-v2 of catalog.istioinaction.svc.cluster.local',
    )
    expect(parent).toMatch(/in the proxies' live configuration/)
    expect(thread).toContain('istioctl proxy-config clusters istio-ingressgateway-')
    expect(thread).toMatch(/has no such cluster/)
  })

  it('after traffic: observed, with the figure', async () => {
    expect(await sendRequests(TRAFFIC)).toEqual({ 503: 20 })
    const { parent, thread } = await diagnose()
    expect(parent).toMatch(/seen in traffic/)
    expect(parent).toContain('20 of 20 requests fail')
    expect(thread).toMatch(/20 requests were answered NC/)
  })

  it('after the DestinationRule: healthy', async () => {
    await mend(situation)
    expect(await sendRequests(TRAFFIC)).toEqual({ 200: 20 })
    const { parent } = await diagnose()
    expect(parent).toMatch(/Healthy/)
    expect(parent).toMatch(/20 requests since .+, none failed/)
  })

  it('no call that Slack would refuse', () => {
    expect(standIn.calls.filter(({ ok }) => !ok)).toEqual([])
  })
})
