import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listLeases } from '../../src/leases/lease-record.ts'
import { auditEntries } from '../../src/store/audit.ts'
import { readSituation } from '../situation.ts'
import { openLiveBot, type LiveBot } from './bot.ts'
import { makeIll, sendRequests } from './mesh.ts'

/** Levels of a proxy's loggers, read by hand. */
async function levelsOf(pod: { namespace?: string; name: string }): Promise<string> {
  const { stdout } = await execa('istioctl', ['proxy-config', 'log', `${pod.name}.${pod.namespace ?? ''}`])
  return stdout
}

describe('Raise log level, from /mesh diagnose catalog', () => {
  let bot: LiveBot
  const before = new Map<string, string>()
  beforeAll(async () => {
    await makeIll(readSituation('chapter-10'))
    bot = await openLiveBot()
  })
  afterAll(() => bot.close())

  it('raises debug to the loggers that fit the finding', async () => {
    await sendRequests({ host: 'catalog.istioinaction.io', path: '/items', requests: 5 })
    const parent = await bot.diagnose()
    await bot.click(parent, 'Raise log level', 'U_ONCALL')
    const view = await bot.standIn.waitFor(
      () => bot.standIn.views('U_ONCALL').find(({ blocks }) => blocks.length > 2),
      15_000,
    )
    await bot.standIn.submitView(view, {}, { user: 'U_ONCALL' })
    await bot.seen(/Log levels are raised/, ({ actions }) => actions.includes('Put back now'))
    const [lease] = (await listLeases(bot.backend.records)).filter(({ state }) => state === 'raised')
    expect(lease?.lent).toMatchObject({ http: 'debug', router: 'debug' })
    for (const { pod, before: was } of lease!.proxies) {
      const now = await levelsOf(pod)
      expect(now).toMatch(/^ {2}http: debug$/m)
      before.set(
        `${pod.name}.${pod.namespace ?? ''}`,
        Object.entries(was).reduce(
          (text, [logger, level]) => text.replace(new RegExp(`^( {2}${logger}): .*$`, 'm'), `$1: ${level}`),
          now,
        ),
      )
    }
  })

  it('saves what the proxies said meanwhile', async () => {
    await sendRequests({ host: 'catalog.istioinaction.io', path: '/items', requests: 3 })
    const { message } = await bot.seen(/Log levels are raised/, ({ actions }) => actions.includes('Save log'))
    await bot.click(message, 'Save log', 'U_ONCALL')
    const file = await bot.standIn.waitFor(
      () => bot.standIn.files().find(({ bytes }) => bytes.toString().includes('envoy http')),
      20_000,
    )
    expect(file.bytes.toString()).not.toMatch(/authorization: Bearer \S{10}/i)
  })

  it('puts back exactly what was there', async () => {
    const { message } = await bot.seen(/Log levels are raised/, ({ actions }) => actions.includes('Put back now'))
    await bot.click(message, 'Put back now', 'U_SECOND')
    await bot.seen(/Log levels were put back/)
    expect(before.size).toBeGreaterThan(0)
    for (const [pod, was] of before)
      expect(await levelsOf({ name: pod.split('.')[0] ?? '', namespace: pod.split('.')[1] ?? '' })).toBe(was)
    const events = (await auditEntries(bot.backend.records)).map(({ entry }) => entry.event)
    expect(events).toEqual(expect.arrayContaining(['lease-granted', 'lease-ended']))
    expect(bot.standIn.calls.filter(({ ok }) => !ok)).toEqual([])
  })
})
