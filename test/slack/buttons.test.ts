import { afterAll, beforeAll, expect, it } from 'vitest'
import { mintButton } from '../../src/store/buttons.ts'
import { ended, openHouse, type House } from './house.ts'
import { shownIn } from './texts.ts'

let house: House
let finished: string
beforeAll(async () => {
  house = await openHouse({
    slack: {
      channels: [
        { id: 'C_MESH', name: 'mesh' },
        { id: 'C_OTHER', name: 'other' },
      ],
    },
  })
  await house.slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel: 'C_MESH' })
  finished = (await ended(house)).id
})
afterAll(() => house.close())

/** Presses a button that the app never showed like that; the answer that only the person sees. */
async function press(actionId: string, value: string, channel = 'C_MESH'): Promise<string> {
  const { slack, bot } = house
  const button = { type: 'button', action_id: actionId, value, text: { type: 'plain_text', text: 'forged' } } as const
  const { ts } = await bot.app.client.chat.postMessage({
    channel,
    text: 'forged',
    blocks: [{ type: 'actions', elements: [button] }],
  })
  const click = await slack.click(slack.message(channel, ts!)!, actionId, { user: 'U_VISITOR', channel })
  expect(click.outcome).toBe('acknowledged')
  await slack.waitFor(() => click.ephemerals()[0])
  return shownIn(click.ephemerals()[0]!)
}

const mint = (act: string, more: Partial<Parameters<typeof mintButton>[1]> = {}): Promise<string> =>
  mintButton(house.backend.records, { act, payload: { channel: 'C_MESH' }, run: finished, uses: 'many', ...more })

it.each([
  ['a button of nobody', 'drop-cluster', 'x'.repeat(20), 'This button is not known'],
  ['a malformed id', 'cancel-run', '../../../etc/passwd', 'It is no longer known what this button was for'],
  ['an id too long to be one', 'cancel-run', 'x'.repeat(2000), 'It is no longer known what this button was for'],
  [
    'an id that was never given',
    'cancel-run',
    'abcdefghijkmnpqrstuv',
    'It is no longer known what this button was for',
  ],
])('refuses %s', async (_name, action, value, says) => {
  expect(await press(action, value)).toContain(says)
})

it('refuses an id under the name of another button', async () => {
  expect(await press('cancel-run', await mint('run-again'))).toContain('It is no longer known what this button was for')
})

it('refuses a button in another channel', async () => {
  expect(await press('run-again', await mint('run-again'), 'C_OTHER')).toContain('belongs to another channel')
})

it('refuses a button of another workspace', async () => {
  expect(
    await press('run-again', await mint('run-again', { payload: { channel: 'C_MESH', team: 'T_ELSEWHERE' } })),
  ).toContain('belongs to another channel')
})

it('refuses one that has expired, and one that was used', async () => {
  expect(await press('run-again', await mint('run-again', { expiresInSeconds: 0 }))).toContain('has expired')
  const once = await mint('cancel-run', { uses: 'once' })
  await press('cancel-run', once)
  expect(await press('cancel-run', once)).toMatch(/was already used, at \d\d:\d\d:\d\d UTC/)
})

it('says that there is nothing left to cancel', async () => {
  expect(await press('cancel-run', await mint('cancel-run'))).toContain('That run is already finished')
})

it('says that a run is forgotten', async () => {
  expect(await press('run-again', await mint('run-again', { run: 'long-gone' }))).toContain(
    'That run is no longer known',
  )
})
