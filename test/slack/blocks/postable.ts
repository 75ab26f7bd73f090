import { expect } from 'vitest'
import { checkMessageContent } from '../../../src/sandbox/slack/message-content.ts'
import type { SlackMessage } from '../../../src/slack/blocks/rich.ts'

/** The fallback of an update may have 4000 characters. */
const UPDATE = 4000

/** Slack takes it, its buttons are there, and nothing in it mentions a channel or everybody. */
export function expectPostable(message: SlackMessage, buttons = 0): void {
  const { text } = checkMessageContent({ text: message.text, blocks: structuredClone(message.blocks) }, UPDATE)
  expect(text).not.toMatch(/<[!@#]/)
  const json = JSON.stringify(message.blocks)
  expect(json).not.toContain('"broadcast"')
  expect(json).not.toContain('"mrkdwn"')
  expect(json).not.toMatch(/[\u200b\u202e]|\\u000[0-8]|\\ud83d"/)
  expect(
    message.blocks.flatMap((block) => (block.type === 'actions' && 'elements' in block ? block.elements : [])),
  ).toHaveLength(buttons)
}
