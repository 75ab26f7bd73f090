import { url } from './composition.ts'
import { choice, flag, list, shape, string, variants, whole, type Rule, type Shape } from './rule.ts'

const style: Rule = shape({
  'bold?': flag,
  'italic?': flag,
  'strike?': flag,
  'code?': flag,
  'underline?': flag,
  'highlight?': flag,
  'client_highlight?': flag,
  'unlink?': flag,
})
const styled = { 'style?': style } as const
const type = (name: string) => ({ type: choice(name) }) as const

/** Slack gives rich text no limit of its own but the message's; 1000 parts is more than a message holds. */
const PARTS = 1_000

const textPart = shape({ ...type('text'), ...styled, text: string(12_000) })
const linkPart = shape({ ...type('link'), ...styled, url, 'text?': string(12_000), 'unsafe?': flag })

const PARTS_BY_TYPE: Readonly<Record<string, Shape>> = {
  text: textPart,
  link: linkPart,
  broadcast: shape({ ...type('broadcast'), ...styled, range: choice('here', 'channel', 'everyone') }),
  channel: shape({ ...type('channel'), ...styled, channel_id: string(255) }),
  color: shape({ ...type('color'), ...styled, value: string(255) }),
  date: shape({
    ...type('date'),
    ...styled,
    timestamp: whole(0, 9_999_999_999),
    format: string(3_000),
    'url?': url,
    'fallback?': string(3_000),
  }),
  emoji: shape({ ...type('emoji'), ...styled, name: string(255), 'unicode?': string(255), 'url?': url }),
  team: shape({ ...type('team'), ...styled, team_id: string(255) }),
  user: shape({ ...type('user'), ...styled, user_id: string(255) }),
  usergroup: shape({ ...type('usergroup'), ...styled, usergroup_id: string(255) }),
}

const parts = list(
  variants(() => PARTS_BY_TYPE),
  PARTS,
  0,
)
const section = shape({ ...type('rich_text_section'), elements: parts })
const border = { 'border?': whole(0, 1) } as const

/** The rich_text block. */
export const richTextShape: Shape = shape({
  ...type('rich_text'),
  'block_id?': string(255),
  elements: list(
    variants(() => ({
      rich_text_section: section,
      rich_text_list: shape({
        ...type('rich_text_list'),
        ...border,
        elements: list(section, PARTS),
        style: choice('bullet', 'ordered'),
        'indent?': whole(0, 8),
        'offset?': whole(0, 10_000),
      }),
      rich_text_quote: shape({ ...type('rich_text_quote'), ...border, elements: parts }),
      rich_text_preformatted: shape({
        ...type('rich_text_preformatted'),
        ...border,
        elements: list(
          variants(() => ({ text: textPart, link: linkPart })),
          PARTS,
          0,
        ),
        'language?': string(255),
      }),
    })),
    PARTS,
  ),
})
