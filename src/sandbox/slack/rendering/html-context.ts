import type { Fields } from '../records.ts'
import { textIn, objectIn } from './fields.ts'
import { escapeHtml } from './escape-html.ts'
import { mrkdwnToHtml } from './mrkdwn-html.ts'
import { unescape, withEmoji, type Names } from './mrkdwn.ts'

/** Somebody or something that can be picked: a person, a channel. */
export interface Choice {
  readonly id: string
  readonly name: string
}

/** What blocks on the page need to know of where they are. */
export interface HtmlContext {
  readonly names: Names
  /** `ts` of a message, or the id of a view. */
  readonly place: string
  /** Who and what users_select and channels_select offer. */
  readonly people?: readonly Choice[]
  readonly channels?: readonly Choice[]
  /** Errors under inputs: block id → text. */
  readonly errors?: Readonly<Record<string, string>>
  /** Where a shared file is on the page, and what it is called; nothing for one that isn't there. */
  readonly file?: (id: string) => string | undefined
}

/** A text object as HTML. */
export const textHtml = (value: unknown, names: Names): string => {
  const { type, text } = objectIn(value)
  return type === 'mrkdwn' ? mrkdwnToHtml(textIn(text), names) : escapeHtml(unescape(withEmoji(textIn(text))))
}

/** A text object as the words of a label. */
export const labelIn = (value: unknown): string => unescape(withEmoji(textIn(objectIn(value).text)))

/** A picture: of files that were shared here only, as nothing is loaded from elsewhere; of others what they show, and where they are. */
export const pictureHtml = (image: Fields, { file }: HtmlContext): string => {
  const id = textIn(objectIn(image.slack_file).id)
  const alt = textIn(image.alt_text)
  const source = file?.(id)
  if (source !== undefined) return `<img src="${escapeHtml(source)}" alt="${escapeHtml(alt)}">`
  const address = textIn(image.image_url)
  return `<span class="muted">(image: ${escapeHtml(alt)}${address === '' ? '' : `, ${escapeHtml(address)}`})</span>`
}
