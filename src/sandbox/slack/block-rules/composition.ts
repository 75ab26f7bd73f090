import { choice, flag, list, shape, string, stringLike, variants, type Rule, type Shape } from './rule.ts'

/** Slack: "url … Maximum length is 3000 characters". */
const MAX_URL = 3_000

export const url: Rule = stringLike(/^[a-z][a-z0-9+.-]*:\S+$/i, 'a valid URL', MAX_URL)

const plainTextShape = (max: number): Shape => shape({ type: choice('plain_text'), text: string(max), 'emoji?': flag })

const mrkdwnShape = (max: number): Shape => shape({ type: choice('mrkdwn'), text: string(max), 'verbatim?': flag })

/** A plain_text object of at most `max` characters. */
export const plainText = (max: number): Rule => plainTextShape(max)

/** A text object of either kind; 3000 is the limit of text objects as such. */
export const text = (max: number): Rule =>
  variants(() => ({ plain_text: plainTextShape(max), mrkdwn: mrkdwnShape(max) }))

export const mrkdwn = (max: number): Rule => mrkdwnShape(max)

/** A confirmation dialog: title 100, text 300, buttons 30 each. */
export const confirm: Rule = shape({
  title: plainText(100),
  text: text(300),
  confirm: plainText(30),
  deny: plainText(30),
  'style?': choice('primary', 'danger'),
})

const option = (label: Rule, more: Readonly<Record<string, Rule>> = {}): Rule =>
  shape({ text: label, value: string(150), 'description?': plainText(75), ...more })

/** An option of a select menu: text 75, value 150, description 75. */
export const selectOption = option(plainText(75))

/** An option of radio buttons and checkboxes, whose text may be mrkdwn. */
export const buttonOption = shape({ text: text(75), value: string(150), 'description?': text(75) })

/** An option of an overflow menu, which may open a URL. */
export const overflowOption = option(plainText(75), { 'url?': url })

/** A group of select options: label 75, up to 100 options. */
export const optionGroup: Rule = shape({ label: plainText(75), options: list(selectOption, 100) })

export const dispatchActionConfig: Rule = shape({
  trigger_actions_on: list(choice('on_enter_pressed', 'on_character_entered'), 2),
})

export const conversationFilter: Rule = shape(
  {
    'include?': list(choice('im', 'mpim', 'private', 'public'), 4),
    'exclude_external_shared_channels?': flag,
    'exclude_bot_users?': flag,
  },
  { needsOneOf: ['include', 'exclude_external_shared_channels', 'exclude_bot_users'] },
)

export const slackFile: Rule = shape(
  { 'id?': string(255), 'url?': url },
  { needsOneOf: ['id', 'url'], apart: ['id', 'url'] },
)

/** Addresses from which Slack's servers can't fetch a picture. */
const UNREACHABLE = /^https?:\/\/(localhost|127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|\[::1\])/i

/** The fields of an image, as a block's and as an element's. */
export const imageFields = {
  'image_url?': stringLike(/^https?:\/\/\S+$/i, 'a valid URL', MAX_URL),
  'slack_file?': slackFile,
  alt_text: string(2_000),
} as const

export const imageRules: Omit<Shape, 'is' | 'fields'> = {
  needsOneOf: ['image_url', 'slack_file'],
  apart: ['image_url', 'slack_file'],
  also: (image) =>
    typeof image.image_url === 'string' && UNREACHABLE.test(image.image_url) ? 'downloading image failed' : undefined,
}
