import type { Fields } from '../records.ts'
import { listIn, objectIn, textIn } from './fields.ts'
import { mrkdwnToText, withEmoji, type Names } from './mrkdwn.ts'

/** A text object as plain text. */
export const fieldsText = (value: unknown, names: Names): string => {
  const { type, text } = objectIn(value)
  return type === 'mrkdwn' ? mrkdwnToText(textIn(text), names) : withEmoji(textIn(text))
}

/** One part of rich text. */
const partText = (part: Fields, names: Names): string => {
  switch (part.type) {
    case 'link':
      return part.text === undefined ? textIn(part.url) : `${textIn(part.text)} (${textIn(part.url)})`
    case 'user':
      return `@${names.person(textIn(part.user_id))}`
    case 'usergroup':
      return `@${names.group(textIn(part.usergroup_id))}`
    case 'channel':
      return `#${names.channel(textIn(part.channel_id))}`
    case 'emoji':
      return withEmoji(`:${textIn(part.name)}:`)
    case 'broadcast':
      return `@${textIn(part.range)}`
    case 'date':
      return textIn(part.fallback)
    default:
      return textIn(part.text)
  }
}

const partsText = (element: Fields, names: Names): string =>
  listIn(element.elements)
    .map((part) => partText(part, names))
    .join('')

/** A rich_text block as lines. */
export const richTextLines = (block: Fields, names: Names): readonly string[] =>
  listIn(block.elements).flatMap((element) => {
    if (element.type === 'rich_text_list') {
      const indent = '  '.repeat(typeof element.indent === 'number' ? element.indent : 0)
      return listIn(element.elements).map(
        (item, index) => `${indent}${element.style === 'ordered' ? `${index + 1}.` : '•'} ${partsText(item, names)}`,
      )
    }
    const lines = partsText(element, names).replace(/\n$/, '').split('\n')
    if (element.type === 'rich_text_quote') return lines.map((line) => `> ${line}`)
    return element.type === 'rich_text_preformatted' ? lines.map((line) => `    ${line}`) : lines
  })
