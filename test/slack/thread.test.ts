import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { RunAnswer } from '../../src/capabilities/index.ts'
import type { SlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { startPatientStandIn } from '../sandbox/patient-stand-in.ts'
import { SlackCalls } from '../../src/slack/transport/calls.ts'
import { SlackThread } from '../../src/slack/thread/thread.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { createRun } from '../../src/store/runs.ts'
import { recordedClients } from '../replay.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { CHECKS, dice, RUN, sampleReport } from './blocks/samples.ts'
import { ended, openHouse, rememberingLog } from './house.ts'
import { shownIn } from './texts.ts'

let slack: SlackStandIn
beforeAll(async () => {
  slack = await startPatientStandIn({
    channels: [
      { id: 'C_MESH', name: 'mesh' },
      { id: 'C_LIVE', name: 'live' },
    ],
  })
})
afterAll(() => slack.close())

async function threadIn(channel: string, updateEvery = 10): Promise<SlackThread> {
  const records = memoryRecords()
  const { log } = rememberingLog()
  const run = await createRun(records, { request: RUN.request, asker: RUN.asker, channel })
  return new SlackThread(
    {
      records,
      slack: new SlackCalls({ token: slack.botToken, apiUrl: slack.url, log, postEvery: 0 }),
      telling: { checks: CHECKS },
      log,
      updateEvery,
    },
    run,
  )
}

it('puts evidence that does not fit into a file, and keeps the buttons', async () => {
  const thread = await threadIn('C_MESH')
  const answer: RunAnswer = { kind: 'diagnose', report: sampleReport(dice(2), { size: 1500, many: 60 }), shown: {} }
  await thread.open()
  await thread.answer(answer)
  const [parent, ...replies] = slack.messages('C_MESH')
  expect(shownIn(parent!)).toContain('[Propose fix][Raise log level][Full report]')
  expect(replies.length).toBeLessThan(20)
  expect(replies.some((message) => shownIn(message).includes('the whole is in the file in this thread'))).toBe(true)
  // The picture of the way is shared by its message.
  const files = () => slack.files().filter(({ mimetype }) => mimetype !== 'image/png')
  const [file] = files()
  expect(file).toMatchObject({ mimetype: 'text/markdown', sharedIn: [{ channel: 'C_MESH', threadTs: parent!.ts }] })
  expect(file!.bytes.length).toBeGreaterThan(100_000)
  await thread.answer(answer)
  expect(files()).toHaveLength(1)
  expect(slack.messages('C_MESH')).toHaveLength(1 + replies.length)
})

const updates = (): number => slack.calls.filter(({ method }) => method === 'chat.update').length

it.each([
  ['does not update its message before the interval is over, however much happens', 3600_000, 0],
  ['updates its message while something happens', 1, 3],
])('%s, and always shows the last state', async (_, every, times) => {
  const thread = await threadIn('C_LIVE', every)
  const before = updates()
  await thread.open()
  const step = {
    id: 'a',
    kind: 'routes',
    group: 'proxies',
    title: 'routes',
    command: 'istioctl',
    outcome: 'running',
  } as const
  for (let told = 0; told < 200 || updates() - before < times; told += 1) {
    thread.progress({
      steps: Array.from({ length: 1 + (told % 90) }, (_none, index) => ({ ...step, id: String(index) })),
    })
    await pause(1)
  }
  if (times === 0) expect(updates()).toBe(before)
  const last = updates()
  await thread.cancelled('U_SECOND')
  // The one that was under way, and the last.
  expect(updates() - last).toBeLessThanOrEqual(2)
  expect(shownIn(slack.messages('C_LIVE').at(-1)!)).toContain('Cancelled by @U_SECOND')
})

it('shows a log line literally, whatever it says', async () => {
  const clients = recordedClients('chapter-10/ill')
  const shouting: Clients = {
    ...clients,
    kubernetes: {
      ...clients.kubernetes,
      log: async (...all) =>
        (await clients.kubernetes.log(...all)).replaceAll('/items', '/<!channel>`<@U_ONCALL>`&x=\u202e'),
    },
  }
  const house = await openHouse({ clients: shouting })
  await house.slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel: 'C_MESH' })
  await ended(house)
  const messages = house.slack.messages('C_MESH')
  expect(messages.map(shownIn).join('\n')).toContain('GET /<!channel>`<@U_ONCALL>`&x=⟨U+202E⟩ 503 NC')
  expect(messages.map(({ text }) => text).join('\n')).not.toMatch(/<[!@]/)
  expect(JSON.stringify(messages.map(({ blocks }) => blocks))).not.toMatch(/"broadcast"|"mrkdwn"/)
  await house.close()
})
