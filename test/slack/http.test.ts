import { afterEach, expect, it } from 'vitest'
import { missingSubset } from '../../src/checks/missing-subset.ts'
import { startPatientStandIn } from '../sandbox/patient-stand-in.ts'
import { startBot } from '../../src/bot.ts'
import { recordedClients } from '../replay.ts'
import { ended, rememberingLog } from './house.ts'
import { memoryBackend } from '../queue/memory-backend.ts'
import { shownIn } from './texts.ts'

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

it('works the same over signed HTTP, and refuses what is not signed', async () => {
  const slack = await startPatientStandIn()
  open.push(() => slack.close())
  const openedAt = new Date().toISOString()
  const backend = memoryBackend()
  const customRoutes = [
    {
      path: '/healthz',
      method: 'GET',
      handler: (_request: unknown, response: { end: (text: string) => void }) => response.end('well'),
    },
  ]
  const bot = await startBot({
    backend,
    clients: recordedClients('chapter-10/ill'),
    log: rememberingLog().log,
    checks: [missingSubset],
    options: {
      botToken: slack.botToken,
      signingSecret: slack.signingSecret,
      apiUrl: slack.url,
      port: 0,
      customRoutes,
      updateEvery: 50,
      cancelPoll: 50,
    },
  })
  open.push(() => bot.stop({ graceMilliseconds: 100 }))
  const base = `http://127.0.0.1:${bot.port}`
  slack.deliverTo(`${base}/slack/events`)
  expect(await slack.verifyRequestUrl()).toBe(true)
  const typed = await slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel: 'C_MESH' })
  expect(typed).toMatchObject({ outcome: 'acknowledged', status: 200 })
  const run = await ended({ backend, openedAt })
  expect(shownIn(slack.message('C_MESH', run.thread!)!)).toContain('🔴 Ill')
  const again = await slack.click(slack.message('C_MESH', run.thread!)!, 'full-report', {
    user: 'U_ONCALL',
    channel: 'C_MESH',
  })
  expect(again.outcome).toBe('acknowledged')
  await slack.waitFor(() => slack.files().length === 3)

  for (const forgery of ['wrong signature', 'stale timestamp', 'no signature'] as const) {
    slack.forgeNext(forgery)
    expect((await slack.type('/mesh help', { user: 'U_ONCALL', channel: 'C_MESH' })).status).toBe(401)
  }
  expect(await (await fetch(`${base}/healthz`)).text()).toBe('well')
  await bot.ready()
})

it('says why it cannot connect', async () => {
  const slack = await startPatientStandIn()
  open.push(() => slack.close())
  const request = {
    backend: memoryBackend(),
    clients: recordedClients('chapter-10/ill'),
    log: rememberingLog().log,
  }
  await expect(
    startBot({ ...request, options: { botToken: 'xoxb-wrong', appToken: slack.appToken, apiUrl: slack.url } }),
  ).rejects.toThrow('invalid_auth')
  await expect(startBot({ ...request, options: { botToken: slack.botToken, apiUrl: slack.url } })).rejects.toThrow(
    'an app token (Socket Mode) or a signing secret (HTTP)',
  )
})
