import { expect, it } from 'vitest'
import { ended, openHousesOfFile } from './house.ts'
import { shownIn } from './texts.ts'

const opened = openHousesOfFile()
const WHO = { user: 'U_ONCALL', channel: 'C_MESH' }
const REASONS = ['[ERROR] must be less than 151 characters [json-pointer:/blocks/2/text/text]']

it.concurrent.each(['invalid_blocks', 'msg_blocks_too_long', 'invalid_attachments'])(
  'a part that Slack refuses (%s) is posted without formatting, and the others as they are',
  async (error) => {
    const house = await opened()
    const { slack } = house
    const stop = slack.on('message', () => {
      stop()
      slack.fail.next('chat.postMessage', { error, reasons: REASONS }, 3)
    })
    await slack.type('/mesh diagnose catalog', WHO)
    expect(await ended(house)).toMatchObject({ state: 'done', outcome: { verdict: 'ill' } })
    const [root, proof, ...more] = slack.messages('C_MESH')
    expect(more).toEqual([])
    expect(shownIn(root!)).toContain('🔴 Ill')
    expect(proof!.blocks.map(({ type }) => type)).toEqual(['section'])
    expect(shownIn(proof!)).toContain('catalog-v1-v2')
    expect(shownIn(proof!)).toContain('kubectl get')
    const refusals = house.logged.filter(({ says }) => says.startsWith('Slack refused a message'))
    // As it is, once more for its picture, and without the picture.
    expect(refusals).toHaveLength(3)
    expect(refusals.slice(0, 1)).toMatchObject([
      { level: 'error', fields: { reason: error, paths: ['/blocks/2/text/text'], run: expect.any(String) as string } },
    ])
  },
)

it.concurrent('the verdict that Slack refuses keeps its buttons', async () => {
  const house = await opened({ options: { updateEvery: 600_000 } })
  house.slack.fail.next('chat.update', { error: 'msg_blocks_too_long' })
  await house.slack.type('/mesh diagnose catalog', WHO)
  const run = await ended(house)
  expect(run.state).toBe('done')
  const root = house.slack.message('C_MESH', run.thread!)!
  expect(root.blocks.map(({ type }) => type)).toEqual(['section', 'actions'])
  expect(shownIn(root)).toContain('catalog-v1-v2')
  expect(shownIn(root)).toContain('[Propose fix]')
})

it.concurrent('where Slack takes no blocks at all, the text alone is posted', async () => {
  const house = await opened({ options: { updateEvery: 600_000 } })
  house.slack.fail.next('chat.update', { error: 'invalid_blocks' }, 2)
  await house.slack.type('/mesh diagnose catalog', WHO)
  const run = await ended(house)
  const root = house.slack.message('C_MESH', run.thread!)!
  expect(root.blocks).toEqual([])
  expect(root.text).toContain('catalog-v1-v2')
})
