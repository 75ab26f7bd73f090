import type { KnownBlock, RichTextBlock, RichTextElement, RichTextPreformatted, RichTextSection } from '@slack/types'
import { clean, cut } from './escape.ts'
import { LIMITS } from './limits.ts'

/** What a message shows: blocks, and the text that stands for them in notifications. `isCut`: something did not fit. */
export interface SlackMessage {
  text: string
  blocks: KnownBlock[]
  isCut?: boolean
}

/** Pieces of a line of rich text; rich text is never parsed, so nothing in it can mention or link. */
export type Piece = RichTextElement

const nonEmpty = (text: string): string => (text === '' ? ' ' : text)

export const text = (value: string): Piece => ({ type: 'text', text: nonEmpty(clean(value)) })
export const bold = (value: string): Piece => ({ type: 'text', text: nonEmpty(clean(value)), style: { bold: true } })
export const italic = (value: string): Piece => ({
  type: 'text',
  text: nonEmpty(clean(value)),
  style: { italic: true },
})
export const code = (value: string): Piece => ({ type: 'text', text: nonEmpty(clean(value)), style: { code: true } })
export const person = (id: string): Piece => (/^[UW][A-Z0-9_]+$/.test(id) ? { type: 'user', user_id: id } : code(id))
/** A user group; a message that is posted anew tells its members, an update tells nobody. */
export const group = (id: string): Piece =>
  /^S[A-Z0-9_]+$/.test(id) ? { type: 'usergroup', usergroup_id: id } : code(id)

/** A link with a text of ours. */
export const link = (url: string, label: string): Piece => ({ type: 'link', url, text: clean(label) })

/** The values inside a sentence stand between these; see `mark`. */
const OPEN = '\u0002'
const CLOSE = '\u0003'

/** Marks a value inside a sentence of telling.ts; `sentencePieces` shows it as code. Marking twice changes nothing. */
export const mark = (value: string): string =>
  value.startsWith(OPEN) && value.endsWith(CLOSE) ? value : `${OPEN}${clean(value)}${CLOSE}`

/** A sentence whose values were marked. */
export function sentencePieces(sentence: string): Piece[] {
  return sentence.split(OPEN).flatMap((part, index) => {
    if (index === 0) return part === '' ? [] : [text(part)]
    const [value = '', rest = ''] = part.split(CLOSE)
    return rest === '' ? [code(value)] : [code(value), text(rest)]
  })
}

/** A time of day that Slack shows in the reader's own zone; `iso` is an ISO time. */
export const clockTime = (iso: string): Piece => ({
  type: 'date',
  timestamp: Math.floor(Date.parse(iso) / 1000),
  format: '{time_secs}',
  fallback: `${iso.slice(11, 19)} UTC`,
})

/** The same without seconds. */
export const shortTime = (iso: string): Piece => ({
  type: 'date',
  timestamp: Math.floor(Date.parse(iso) / 1000),
  format: '{time}',
  fallback: `${iso.slice(11, 16)} UTC`,
})

/** The same with its day. */
export const dayTime = (iso: string): Piece => ({
  type: 'date',
  timestamp: Math.floor(Date.parse(iso) / 1000),
  format: '{date_short} {time_secs}',
  fallback: iso.slice(0, 19).replace('T', ' '),
})

const ISO_TIME = /\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)\b/

/** A sentence of ours, whose ISO times are shown in the reader's own zone. */
export const withTimes = (sentence: string): Piece[] =>
  sentence
    .split(ISO_TIME)
    .flatMap((part, index) => (part === '' ? [] : index % 2 === 1 ? [clockTime(part)] : [text(part)]))

/** The same where nothing but text can be shown. */
export const timesAsText = (sentence: string): string =>
  sentence.replaceAll(new RegExp(ISO_TIME, 'g'), (iso) => `${iso.slice(11, 19)} UTC`)

/** Times inside a sentence stand between these; see `timeMark`. */
const TIME = '\u0004'

/** Marks an ISO time inside a sentence; `timedPieces` shows it as a time of day. */
export const timeMark = (iso: string): string => `${TIME}${iso}${TIME}`

/** A sentence whose values and times were marked. */
export function timedPieces(sentence: string): Piece[] {
  return sentence.split(TIME).flatMap((part, index) => (index % 2 === 1 ? [clockTime(part)] : sentencePieces(part)))
}

/** One paragraph. */
export function line(...pieces: Piece[]): RichTextSection {
  return { type: 'rich_text_section', elements: pieces.slice(0, LIMITS.parts) }
}

/** A block of code, cut at `most` characters. */
export function pre(value: string, most: number = LIMITS.text): RichTextPreformatted {
  return { type: 'rich_text_preformatted', elements: [{ type: 'text', text: nonEmpty(cut(clean(value), most)) }] }
}

/** A bulleted list. */
export function bullets(items: Piece[][]): RichTextBlock['elements'][number] {
  return {
    type: 'rich_text_list',
    style: 'bullet',
    elements: items.slice(0, LIMITS.parts).map((pieces) => line(...pieces)),
  }
}

/** A rich text block of paragraphs, lists and blocks of code. */
export function rich(...elements: RichTextBlock['elements']): RichTextBlock {
  return { type: 'rich_text', elements }
}

/** The lines with a line break between each two. */
export function lines(many: Piece[][]): RichTextSection {
  return line(...many.flatMap((pieces, index) => (index === 0 ? pieces : [text('\n'), ...pieces])))
}

const MENTION = /<(?:@([UW][A-Z0-9_]+)|!subteam\^(S[A-Z0-9_]+))>/

/** A sentence of ours that names people (`<@U…>`) and groups (`<!subteam^S…>`): those with a known id are shown by name, anything else as it stands. */
export function mentioning(sentence: string, known: readonly string[]): Piece[] {
  // Splitting by a pattern with two groups gives text, user, group, text, …
  return sentence.split(MENTION).flatMap((part, index): Piece[] => {
    if ((part as string | undefined) === undefined || part === '') return []
    if (index % 3 === 0) return withTimes(part)
    if (known.includes(part)) return [index % 3 === 1 ? person(part) : group(part)]
    return [text(index % 3 === 1 ? `<@${part}>` : `<!subteam^${part}>`)]
  })
}

/** The same where nothing can be named, as in a notification. */
export const withoutMentions = (sentence: string): string => sentence.replaceAll(new RegExp(MENTION, 'g'), 'somebody')
