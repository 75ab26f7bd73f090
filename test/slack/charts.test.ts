import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { parseRecording, replayClients } from '../../src/evidence/clients/recording.ts'
import { CHECKS } from '../../src/checks/index.ts'
import type { Message } from '../../src/sandbox/slack/records.ts'
import { ended, openHousesOfFile, type House } from './house.ts'
import { shownIn } from './texts.ts'

const opened = openHousesOfFile()
const WHO = { user: 'U_ONCALL', channel: 'C_MESH' }
/** One pod of three takes about a second, the route gives up after half of one, and Prometheus counted all of it; and the same mesh before. */
const recorded = (name: 'slow-pod' | 'all-quick') =>
  replayClients(
    parseRecording(
      gunzipSync(
        readFileSync(join(import.meta.dirname, '..', 'diagnosis', 'history', `${name}.recording.json.gz`)),
      ).toString(),
    ),
  )
const chartsOf = ({ slack }: House): Message =>
  slack.messages('C_MESH').find((one) => shownIn(one).includes('Requests over time'))!
const typesOf = ({ blocks }: Message): string[] => blocks.map(({ type }) => type)

async function diagnosed(house: House): Promise<void> {
  await house.slack.type('/mesh diagnose catalog -n chart-a', WHO)
  expect(await ended(house)).toMatchObject({ state: 'done', outcome: { verdict: 'ill' } })
}

it.concurrent(
  'an ill target of which Prometheus knows has its charts in the thread, and the figures in their text',
  async () => {
    const house = await opened({ clients: recorded('slow-pod'), checks: CHECKS })
    await diagnosed(house)
    const charts = chartsOf(house)
    expect(typesOf(charts)).toEqual(['rich_text', 'data_visualization', 'data_visualization', 'rich_text'])
    expect(charts.threadTs).toBe(house.slack.messages('C_MESH')[0]!.ts)
    expect(charts.text).toMatch(/clients' proxies: 100 % at .*; servers' proxies: 100 % at \d\d:\d\d, lowest 100 %/)
    expect(charts.text).toMatch(/Latency by pod over \d+ min: catalog-v2-\S+ p50 \d{3} ms/)
    expect(shownIn(charts)).toMatch(/▲ \d\d:\d\d new pods of Deployment chart-a\/catalog-v2/)
    expect(house.logged.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([])
  },
)

it.concurrent(
  'a workspace that does not take charts yet gets pictures of them, described by the same figures',
  async () => {
    const house = await opened({ clients: recorded('slow-pod'), checks: CHECKS })
    refuseCharts(house)
    await diagnosed(house)
    const charts = chartsOf(house)
    expect(typesOf(charts)).toEqual(['rich_text', 'image', 'image', 'rich_text'])
    const [, success, latency] = charts.blocks as unknown as { alt_text: string; slack_file: { id: string } }[]
    expect(success!.alt_text).toMatch(/servers' proxies: 100 %/)
    expect(latency!.alt_text).toMatch(/p50 \d{3} ms, p95 \d{3} ms/)
    const files = house.slack.files().filter(({ name }) => /-(success|latency)\.png$/.test(name))
    expect(files.map(({ id }) => id).sort()).toEqual([success!.slack_file.id, latency!.slack_file.id].sort())
    expect(house.logged.filter(({ says }) => says.startsWith('Slack refused'))).toMatchObject([{ level: 'warn' }])
  },
)

it.concurrent('where it takes no files either, what they show is said', async () => {
  const house = await opened({ clients: recorded('slow-pod'), checks: CHECKS })
  refuseCharts(house, () => house.slack.fail.next('files.getUploadURLExternal', { error: 'missing_scope' }, 2))
  await diagnosed(house)
  const charts = chartsOf(house)
  expect(typesOf(charts)).toEqual(['rich_text', 'rich_text', 'rich_text', 'rich_text'])
  expect(shownIn(charts)).toMatch(/p50 \d{3} ms, p95 \d{3} ms/)
})

it.concurrent('the same mesh before has none: nothing is wrong', async () => {
  const house = await opened({ clients: recorded('all-quick'), checks: CHECKS })
  await house.slack.type('/mesh diagnose catalog -n chart-a', WHO)
  expect(await ended(house)).toMatchObject({ state: 'done', outcome: { verdict: 'healthy' } })
  expect(house.slack.messages('C_MESH').filter((one) => shownIn(one).includes('Requests over time'))).toEqual([])
})

/** Slack refuses the message behind the proof once, as one with a block that it does not know. */
function refuseCharts({ slack }: House, besides: () => void = () => undefined): void {
  const stop = slack.on('message', ({ message }) => {
    if (!shownIn(message).includes('Proof')) return
    stop()
    slack.fail.next('chat.postMessage', {
      error: 'invalid_blocks',
      reasons: ['[ERROR] unsupported type: data_visualization [json-pointer:/blocks/1/type]'],
    })
    besides()
  })
}
