import type { KnownBlock } from '@slack/types'
import { isFields } from '../../mesh/fields.ts'
import { clean, cut, escapeMrkdwn } from './escape.ts'
import { LIMITS } from './limits.ts'
import type { SlackMessage } from './rich.ts'

/** Elements of rich text and objects whose own end is the end of a line. */
const LINES: ReadonlySet<string> = new Set([
  'rich_text_section',
  'rich_text_preformatted',
  'rich_text_quote',
  'section',
  'header',
  'context',
])

/** What a person reads in a block or a part of one; people and groups are named by their ids. */
function textIn(value: unknown): string {
  if (Array.isArray(value)) return value.map(textIn).join('')
  if (!isFields(value)) return ''
  const { type, text, user_id: user, usergroup_id: group, fallback, elements, fields } = value
  const own =
    typeof text === 'string'
      ? text
      : typeof user === 'string'
        ? `@${user}`
        : typeof group === 'string'
          ? `@${group}`
          : typeof fallback === 'string'
            ? fallback
            : textIn(text)
  const whole = `${own}${textIn(elements)}${textIn(fields)}`
  return typeof type === 'string' && LINES.has(type) ? `${whole}\n` : whole
}

const isRow = ({ type }: KnownBlock): boolean => type === 'actions'

/** The same message without its formatting, for when Slack refuses a block; buttons stay. */
export function withoutFormatting({ text, blocks }: SlackMessage): SlackMessage {
  const whole = clean(textIn(blocks.filter((block) => !isRow(block)))).trim()
  const said = cut(whole === '' ? text : whole, LIMITS.text)
  return {
    text: escapeMrkdwn(said),
    blocks: [{ type: 'section', text: { type: 'plain_text', text: said, emoji: false } }, ...blocks.filter(isRow)],
  }
}
