import { describe, expect, it } from 'vitest'

import { checkBlocks } from '../../src/sandbox/slack/block-rules/check-blocks.ts'
import { checkView } from '../../src/sandbox/slack/block-rules/check-view.ts'
import { Refusal } from '../../src/sandbox/slack/refusal.ts'
import { ACCEPTED, MESSAGE_LIMITS, REFUSED, REFUSED_VIEWS, VIEW_LIMITS } from './block-cases.ts'
import { clientOf, closeAfterEach, openSlack } from './bolt-app.ts'

closeAfterEach()

/** Slack's error and its reasons, or nothing. */
const refusal = (check: () => unknown): { readonly code: string; readonly reasons: string } | undefined => {
  try {
    check()
    return undefined
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { messages = [] } = (error.facts.response_metadata ?? {}) as { messages?: string[] }
    return { code: error.code, reasons: messages.join('\n') }
  }
}

describe('limits of messages', () => {
  it.each(MESSAGE_LIMITS)('$name: $max', ({ max, make, pointer }) => {
    expect(refusal(() => checkBlocks(make(max)))).toBeUndefined()
    expect(refusal(() => checkBlocks(make(max + 1)))).toMatchObject({
      code: 'invalid_blocks',
      reasons: expect.stringContaining(`[json-pointer:${pointer}]`) as string,
    })
  })
})

describe('limits of modals', () => {
  it.each(VIEW_LIMITS)('$name: $max', ({ max, make, pointer }) => {
    expect(refusal(() => checkView(make(max), 'modal'))).toBeUndefined()
    expect(refusal(() => checkView(make(max + 1), 'modal'))).toMatchObject({
      code: 'invalid_arguments',
      reasons: expect.stringContaining(`[json-pointer:${pointer}]`) as string,
    })
  })
})

it.each(Object.entries(ACCEPTED))('a message takes %s', (_name, blocks) => {
  expect(refusal(() => checkBlocks(blocks))).toBeUndefined()
})

it.each(Object.entries(REFUSED))('a message refuses %s', (_name, [blocks, code, reason]) => {
  expect(refusal(() => checkBlocks(blocks))).toMatchObject({ code, reasons: expect.stringContaining(reason) as string })
})

it.each(Object.entries(REFUSED_VIEWS))('a modal refuses %s', (_name, [view, reason]) => {
  expect(refusal(() => checkView(view, 'modal'))).toMatchObject({
    code: 'invalid_arguments',
    reasons: expect.stringContaining(reason) as string,
  })
})

it('an alert stands in modals', () => {
  const view = {
    type: 'modal',
    title: { type: 'plain_text', text: 'x' },
    blocks: [{ type: 'alert', level: 'warning', text: { type: 'mrkdwn', text: 'careful' } }],
  }
  expect(refusal(() => checkView(view, 'modal'))).toBeUndefined()
})

it('ids are made up where the app gave none', () => {
  const [block] = checkBlocks([
    { type: 'actions', elements: [{ type: 'button', text: { type: 'plain_text', text: 'Go' } }] },
  ])
  expect(block?.block_id).toMatch(/^\S{5}$/)
  expect((block?.elements as { action_id: string }[])[0]!.action_id).toMatch(/^\S{5}$/)
})

it('the real client gets the error and the reasons', async () => {
  const slack = await openSlack()
  const post = clientOf(slack).chat.postMessage({
    channel: 'C_MESH',
    text: 'x',
    blocks: [{ type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } }],
  })
  await expect(post).rejects.toMatchObject({
    data: {
      error: 'invalid_blocks',
      response_metadata: { messages: ['[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]'] },
    },
  })
})
