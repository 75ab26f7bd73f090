import type { Fields } from '../records.ts'
import { buttonHtml, feedbackHtml } from './button-html.ts'
import { choiceHtml, hasChoices } from './choice-html.ts'
import { codeBlockHtml } from './code-html.ts'
import { escapeHtml } from './escape-html.ts'
import { listIn, objectIn, textIn } from './fields.ts'
import { labelIn, pictureHtml, textHtml, type HtmlContext } from './html-context.ts'
import { inputHtml } from './input-html.ts'
import { blockLines } from './lines.ts'
import { richTextHtml } from './rich-text-html.ts'

const elementHtml = (element: Fields, context: HtmlContext): string => {
  switch (element.type) {
    case 'mrkdwn':
    case 'plain_text':
      return `<span class="text">${textHtml(element, context.names)}</span>`
    case 'image':
      return pictureHtml(element, context)
    case 'button':
    case 'icon_button':
    case 'workflow_button':
      return buttonHtml(element, context)
    case 'feedback_buttons':
      return feedbackHtml(element, context)
    default:
      return hasChoices(element, context)
        ? choiceHtml(element, context, { label: labelIn(element.placeholder) || textIn(element.action_id) })
        : `<span class="muted">[${escapeHtml(textIn(element.type).replaceAll('_', ' '))}]</span>`
  }
}

const elementsHtml = (block: Fields, context: HtmlContext): string =>
  listIn(block.elements)
    .map((element) => elementHtml(element, context))
    .join(' ')

const tableHtml = (block: Fields, context: HtmlContext): string => {
  const columns = listIn(block.column_settings)
  const rows = (Array.isArray(block.rows) ? (block.rows as unknown[]) : []).map((row, line) => {
    const tag = line === 0 ? 'th' : 'td'
    const cells = listIn(row).map((cell, column) => {
      const { align } = objectIn(columns[column])
      const side = align === 'right' || align === 'center' ? ` class="${align}"` : ''
      const inside = cell.type === 'rich_text' ? richTextHtml(cell, context.names) : escapeHtml(textIn(cell.text))
      return `<${tag}${side}>${inside}</${tag}>`
    })
    return `<tr>${cells.join('')}</tr>`
  })
  return `<div class="scroll" tabindex="0"><table>${rows.join('')}</table></div>`
}

/** The blocks that look better than their plain lines. */
const BLOCK_HTML: Readonly<Record<string, (block: Fields, context: HtmlContext) => string>> = {
  header: (block, { names }) => `<h3>${textHtml(block.text, names)}</h3>`,
  divider: () => '<hr>',
  section: (block, context) => {
    const text = block.text === undefined ? '' : `<div class="text">${textHtml(block.text, context.names)}</div>`
    const fields = listIn(block.fields).map((field) => `<div class="text">${textHtml(field, context.names)}</div>`)
    const grid = fields.length === 0 ? '' : `<div class="fields">${fields.join('')}</div>`
    const accessory =
      block.accessory === undefined
        ? ''
        : `<div class="accessory">${elementHtml(objectIn(block.accessory), context)}</div>`
    return `<div class="section"><div>${text}${grid}</div>${accessory}</div>`
  },
  context: (block, context) => `<div class="muted">${elementsHtml(block, context)}</div>`,
  actions: (block, context) => `<div class="actions">${elementsHtml(block, context)}</div>`,
  context_actions: (block, context) => `<div class="actions">${elementsHtml(block, context)}</div>`,
  rich_text: (block, { names }) => `<div class="text">${richTextHtml(block, names)}</div>`,
  image: (block, context) => {
    const title = block.title === undefined ? '' : `<figcaption>${textHtml(block.title, context.names)}</figcaption>`
    return `<figure>${title}${pictureHtml(block, context)}</figure>`
  },
  input: inputHtml,
  alert: (block, { names }) => `<div class="alert text" role="note">⚠ ${textHtml(block.text, names)}</div>`,
  markdown: (block) =>
    textIn(block.text)
      .split(/^```.*$/m)
      .map((part, index) =>
        index % 2 === 1
          ? codeBlockHtml(part.replace(/^\n|\n$/g, ''))
          : `<div class="text">${escapeHtml(part.trim())}</div>`,
      )
      .join(''),
  table: tableHtml,
  data_table: (block, context) =>
    `<div class="muted">${escapeHtml(textIn(block.caption))}</div>${tableHtml(block, context)}`,
}

/** Blocks as HTML. All that the app or a person wrote is escaped; blocks without a form of their own are shown as their lines. */
export const blocksHtml = (blocks: readonly Fields[], context: HtmlContext): string =>
  blocks
    .map(
      (block) =>
        BLOCK_HTML[textIn(block.type)]?.(block, context) ??
        `<div class="text">${escapeHtml(blockLines([block], context.names).join('\n'))}</div>`,
    )
    .join('')
