import { codeBlockHtml } from './code-html.ts'
import { attribute, escapeHtml } from './escape-html.ts'
import { reference, unescape, withEmoji, type Names } from './mrkdwn.ts'
import { timeHtml } from './time-html.ts'

/** Addresses that a link may lead to; anything else stays text. */
export const safeHref = (href: string): string | undefined => (/^(https?:|mailto:)/i.test(href) ? href : undefined)

/** A link that opens beside the page, or its label where the address is none that a link may lead to. */
export const linkHtml = (href: string, label: string): string => {
  const safe = safeHref(href)
  return safe === undefined
    ? label
    : `<a href="${attribute(safe)}" rel="noreferrer noopener" target="_blank">${label}</a>`
}

/** A person, group or channel that is named. */
export const mentionHtml = (name: string): string => `<span class="mention">${escapeHtml(name)}</span>`

const referenceHtml = (inner: string, names: Names): string => {
  const [, seconds = '', format = '', target = '', fallback = ''] =
    /^!date\^(\d+)\^([^^|]*)(?:\^([^|]*))?(?:\|(.*))?$/.exec(inner) ?? []
  if (seconds !== '') {
    const time = timeHtml(Number(seconds), unescape(format), unescape(fallback))
    return target === '' ? time : linkHtml(unescape(target), time)
  }
  const { text, href } = reference(inner, names)
  if (href === undefined) return mentionHtml(unescape(text))
  const address = unescape(href)
  return safeHref(address) === undefined
    ? escapeHtml(unescape(`<${inner}>`))
    : linkHtml(address, escapeHtml(unescape(text)))
}

/** Pieces that emphasis must not look into stand between these until the end. */
const PIECE = /\uE000(\d+)\uE001/g

const EMPHASIS: readonly (readonly [mark: string, tag: string])[] = [
  ['\\*', 'b'],
  ['_', 'i'],
  ['~', 's'],
]

const emphasise = (html: string): string =>
  EMPHASIS.reduce(
    (text, [mark, tag]) =>
      text.replace(
        new RegExp(`(?<![\\p{L}\\p{N}${mark}])${mark}(?=\\S)([^\\n]*?\\S)${mark}(?![\\p{L}\\p{N}${mark}])`, 'gu'),
        `<${tag}>$1</${tag}>`,
      ),
    html,
  )

/** One run of lines without quotes and blocks of code. */
const inlineHtml = (text: string, names: Names): string => {
  const pieces: string[] = []
  const keep = (html: string): string => `\uE000${pieces.push(html) - 1}\uE001`
  const bare = text
    .replace(/[\uE000\uE001]/g, '\uFFFD')
    .replace(/`([^`\n]+)`/g, (_whole, code: string) => keep(`<code>${escapeHtml(unescape(code))}</code>`))
    .replace(/<([^<>]+)>/g, (_whole, inner: string) => keep(referenceHtml(inner.replace(PIECE, ''), names)))
  return emphasise(escapeHtml(unescape(withEmoji(bare)))).replace(
    PIECE,
    (_whole, index: string) => pieces[Number(index)] ?? '',
  )
}

const linesHtml = (text: string, names: Names): string =>
  text
    .split(/((?:^&gt; ?.*(?:\n|$))+)/m)
    .map((part, index) =>
      index % 2 === 1
        ? `<blockquote>${inlineHtml(part.replace(/^&gt; ?/gm, '').replace(/\n$/, ''), names)}</blockquote>`
        : inlineHtml(part, names),
    )
    .join('')

/** mrkdwn as HTML; everything that isn't ours is escaped, links are http, https or mailto. Line breaks stay line breaks. */
export const mrkdwnToHtml = (mrkdwn: string, names: Names): string =>
  mrkdwn
    .split('```')
    .map((part, index) =>
      index % 2 === 1 ? codeBlockHtml(unescape(part).replace(/^\n|\n$/g, '')) : linesHtml(part, names),
    )
    .join('')
