import type { Fields } from '../records.ts'
import { codeBlockHtml } from './code-html.ts'
import { escapeHtml } from './escape-html.ts'
import { listIn, objectIn, textIn } from './fields.ts'
import { linkHtml, mentionHtml } from './mrkdwn-html.ts'
import { withEmoji, type Names } from './mrkdwn.ts'
import { timeHtml } from './time-html.ts'

const STYLES: readonly (readonly [style: string, tag: string])[] = [
  ['code', 'code'],
  ['bold', 'b'],
  ['italic', 'i'],
  ['strike', 's'],
  ['underline', 'u'],
]

/** One part of rich text, without its style. */
const bareHtml = (part: Fields, names: Names): string => {
  switch (part.type) {
    case 'link':
      return linkHtml(textIn(part.url), escapeHtml(textIn(part.text) || textIn(part.url)))
    case 'user':
      return mentionHtml(`@${names.person(textIn(part.user_id))}`)
    case 'usergroup':
      return mentionHtml(`@${names.group(textIn(part.usergroup_id))}`)
    case 'channel':
      return mentionHtml(`#${names.channel(textIn(part.channel_id))}`)
    case 'broadcast':
      return mentionHtml(`@${textIn(part.range)}`)
    case 'emoji':
      return escapeHtml(withEmoji(`:${textIn(part.name)}:`))
    case 'date':
      return timeHtml(Number(part.timestamp), textIn(part.format), textIn(part.fallback))
    case 'color':
      return escapeHtml(textIn(part.value))
    default:
      return escapeHtml(textIn(part.text))
  }
}

const partsHtml = (element: Fields, names: Names): string =>
  listIn(element.elements)
    .map((part) => {
      const style = objectIn(part.style)
      return STYLES.reduce(
        (html, [name, tag]) => (style[name] === true ? `<${tag}>${html}</${tag}>` : html),
        bareHtml(part, names),
      )
    })
    .join('')

const elementHtml = (element: Fields, names: Names): string => {
  switch (element.type) {
    case 'rich_text_list': {
      const tag = element.style === 'ordered' ? 'ol' : 'ul'
      const start = typeof element.offset === 'number' && tag === 'ol' ? ` start="${element.offset + 1}"` : ''
      const indent = typeof element.indent === 'number' ? ` class="indent-${Math.min(element.indent, 8)}"` : ''
      const items = listIn(element.elements).map((item) => `<li>${partsHtml(item, names)}</li>`)
      return `<${tag}${start}${indent}>${items.join('')}</${tag}>`
    }
    case 'rich_text_preformatted':
      return codeBlockHtml(
        listIn(element.elements)
          .map((part) => textIn(part.text) || textIn(part.url))
          .join(''),
      )
    case 'rich_text_quote':
      return `<blockquote>${partsHtml(element, names)}</blockquote>`
    default:
      return `<p>${partsHtml(element, names)}</p>`
  }
}

/** A rich_text block as HTML. */
export const richTextHtml = (block: Fields, names: Names): string =>
  listIn(block.elements)
    .map((element) => elementHtml(element, names))
    .join('')
