import type { Fields } from '../records.ts'
import { listIn, objectIn, textIn } from './fields.ts'
import { blockLines } from './lines.ts'
import { escapeHtml, mrkdwnToHtml, unescape, withEmoji, type Names } from './mrkdwn.ts'
import { richTextLines } from './text.ts'

/** What a button on the page needs to know of the place it is in: `ts` of a message, or the id of a view. */
export interface HtmlContext {
  readonly names: Names
  readonly place: string
}

const textHtml = (value: unknown, names: Names): string => {
  const { type, text } = objectIn(value)
  return type === 'mrkdwn'
    ? mrkdwnToHtml(textIn(text), names)
    : escapeHtml(unescape(withEmoji(textIn(text)))).replaceAll('\n', '<br>')
}

const button = (element: Fields, { names, place }: HtmlContext): string => {
  const { style } = element
  const kind = style === 'primary' || style === 'danger' ? ` class="${style}"` : ''
  const question = objectIn(element.confirm)
  const confirm =
    element.confirm === undefined
      ? ''
      : ` data-confirm="${escapeHtml(`${textIn(objectIn(question.title).text)}\n${textIn(objectIn(question.text).text)}`)}"`
  return `<button type="button" data-act="click" data-place="${escapeHtml(place)}" data-action="${escapeHtml(textIn(element.action_id))}"${confirm}${kind}>${textHtml(element.text, names)}</button>`
}

const options = (element: Fields): readonly Fields[] => [
  ...listIn(element.options),
  ...listIn(element.option_groups).flatMap((group) => listIn(group.options)),
]

/** A menu; on the page every element with options is one. */
const menu = (
  element: Fields,
  { names, place }: HtmlContext,
  act: string,
  field = textIn(element.action_id),
): string => {
  const initial = [objectIn(element.initial_option), ...listIn(element.initial_options)]
    .map(({ value }) => textIn(value))
    .filter((value) => value !== '')
  const choices = options(element).map(
    (option) =>
      `<option value="${escapeHtml(textIn(option.value))}"${initial.includes(textIn(option.value)) ? ' selected' : ''}>${textHtml(option.text, names)}</option>`,
  )
  const multiple = textIn(element.type).startsWith('multi_') || element.type === 'checkboxes' ? ' multiple' : ''
  const action = escapeHtml(textIn(element.action_id))
  const hint = multiple === '' ? `<option value="">${textHtml(element.placeholder, names) || '…'}</option>` : ''
  return `<select ${act} name="${escapeHtml(field)}" data-place="${escapeHtml(place)}" data-action="${action}"${multiple}>${hint}${choices.join('')}</select>`
}

const elementHtml = (element: Fields, context: HtmlContext): string => {
  if (element.type === 'mrkdwn' || element.type === 'plain_text')
    return `<span>${textHtml(element, context.names)}</span>`
  if (element.type === 'image') return `<span class="muted">(image: ${escapeHtml(textIn(element.alt_text))})</span>`
  if (element.type === 'button') return button(element, context)
  return options(element).length > 0
    ? menu(element, context, 'data-act="choose"')
    : `<span class="muted">[${escapeHtml(textIn(element.type))}]</span>`
}

const inputHtml = (block: Fields, context: HtmlContext): string => {
  const element = objectIn(block.element)
  // Fields of several blocks may share an action_id.
  const name = escapeHtml(textIn(block.block_id))
  const value = escapeHtml(textIn(element.initial_value))
  const field =
    options(element).length > 0
      ? menu(element, context, '', textIn(block.block_id))
      : element.multiline === true
        ? `<textarea name="${name}">${value}</textarea>`
        : `<input name="${name}" value="${value}">`
  return `<label>${textHtml(block.label, context.names)}${field}<span class="muted">${textHtml(block.hint, context.names)}</span></label>`
}

const tableHtml = (block: Fields, names: Names): string => {
  const rows = (Array.isArray(block.rows) ? (block.rows as unknown[]) : []).map((row) => {
    const cells = listIn(row).map(
      (cell) =>
        `<td>${escapeHtml(cell.type === 'rich_text' ? richTextLines(cell, names).join(' ') : textIn(cell.text))}</td>`,
    )
    return `<tr>${cells.join('')}</tr>`
  })
  return `<table>${rows.join('')}</table>`
}

/** The blocks that look better than their plain lines. */
const BLOCK_HTML: Readonly<Record<string, (block: Fields, context: HtmlContext) => string>> = {
  header: (block, { names }) => `<h3>${textHtml(block.text, names)}</h3>`,
  divider: () => '<hr>',
  section: (block, context) => {
    const fields = listIn(block.fields).map((field) => `<div>${textHtml(field, context.names)}</div>`)
    const accessory =
      block.accessory === undefined
        ? ''
        : `<div class="accessory">${elementHtml(objectIn(block.accessory), context)}</div>`
    return `<div class="section"><div>${textHtml(block.text, context.names)}<div class="fields">${fields.join('')}</div></div>${accessory}</div>`
  },
  context: (block, context) =>
    `<div class="muted">${listIn(block.elements)
      .map((element) => elementHtml(element, context))
      .join(' ')}</div>`,
  actions: (block, context) =>
    `<div class="actions">${listIn(block.elements)
      .map((element) => elementHtml(element, context))
      .join(' ')}</div>`,
  input: inputHtml,
  table: (block, { names }) => tableHtml(block, names),
}

/** Blocks as HTML. All that the app or a person wrote is escaped; blocks without a form of their own are shown as their lines. */
export const blocksHtml = (blocks: readonly Fields[], context: HtmlContext): string =>
  blocks
    .map(
      (block) =>
        BLOCK_HTML[textIn(block.type)]?.(block, context) ??
        `<pre class="plain">${escapeHtml(blockLines([block], context.names).join('\n'))}</pre>`,
    )
    .join('')
