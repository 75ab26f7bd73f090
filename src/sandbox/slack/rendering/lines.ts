import type { Fields } from '../records.ts'
import { fieldsText, richTextLines } from './text.ts'
import { listIn, objectIn, textIn } from './fields.ts'
import type { Names } from './mrkdwn.ts'

/** What a person would read of one block. */
const BLOCK_LINES: Readonly<Record<string, (block: Fields, names: Names) => readonly string[]>> = {
  header: (block, names) => [`# ${fieldsText(block.text, names)}`],
  divider: () => ['────'],
  section: (block, names) => [
    ...(block.text === undefined
      ? []
      : `${fieldsText(block.text, names)}${block.accessory === undefined ? '' : `  ${elementText(objectIn(block.accessory), names)}`}`.split(
          '\n',
        )),
    ...listIn(block.fields).map((field) => fieldsText(field, names).split('\n').join(' ')),
  ],
  context: (block, names) => [
    listIn(block.elements)
      .map((element) => elementText(element, names))
      .join(' · '),
  ],
  actions: (block, names) => [
    listIn(block.elements)
      .map((element) => elementText(element, names))
      .join(' '),
  ],
  context_actions: (block, names) => [
    listIn(block.elements)
      .map((element) => elementText(element, names))
      .join(' '),
  ],
  markdown: (block) => textIn(block.text).split('\n'),
  rich_text: (block, names) => richTextLines(block, names),
  image: (block) => [`(image: ${textIn(block.alt_text)})`],
  data_visualization: (block) => [`(chart: ${textIn(block.title)})`, ...chartLines(objectIn(block.chart))],
  input: (block, names) => [`${fieldsText(block.label, names)}: ${elementText(objectIn(block.element), names)}`],
  alert: (block, names) => [`! ${fieldsText(block.text, names)}`],
  table: (block, names) => tableLines(block, names),
  data_table: (block, names) => [textIn(block.caption), ...tableLines(block, names)],
  container: (block, names) => [
    fieldsText(block.title, names),
    ...blockLines(listIn(block.child_blocks), names).map((line) => `  ${line}`),
  ],
  card: (block, names) =>
    [block.title, block.subtitle, block.body]
      .filter((part) => part !== undefined)
      .map((part) => fieldsText(part, names)),
  plan: (block, names) => [textIn(block.title), ...blockLines(listIn(block.tasks), names)],
  task_card: (block) => [`- ${textIn(block.title)}: ${textIn(block.status)}`],
}

/** What a chart holds, a line for each series or segment. */
const chartLines = ({ series, segments }: Fields): readonly string[] => [
  ...listIn(series).map(
    (one) =>
      `  ${textIn(one.name)}: ${listIn(one.data)
        .map((point) => `${textIn(point.label)} ${String(point.value)}`)
        .join(', ')}`,
  ),
  ...listIn(segments).map((one) => `  ${textIn(one.label)} ${String(one.value)}`),
]

/** Blocks as the lines that a person would read; blocks of unknown types as `(type)`. */
export const blockLines = (blocks: readonly Fields[], names: Names): readonly string[] =>
  blocks
    .flatMap((block) => BLOCK_LINES[textIn(block.type)]?.(block, names) ?? [`(${textIn(block.type)})`])
    .map((line) => line.trimEnd())

/** One element: text as it is, buttons as `[Text]`, menus as `[Placeholder ▾]`. */
const elementText = (element: Fields, names: Names): string => {
  switch (element.type) {
    case 'mrkdwn':
    case 'plain_text':
      return fieldsText(element, names)
    case 'image':
      return `(image: ${textIn(element.alt_text)})`
    case 'button':
    case 'workflow_button':
    case 'icon_button':
      return `[${fieldsText(element.text, names)}]`
    case 'overflow':
      return '[…]'
    default: {
      const chosen = [objectIn(element.initial_option), ...listIn(element.initial_options)].flatMap(({ text }) =>
        text === undefined ? [] : fieldsText(text, names),
      )
      const label = chosen.length === 0 ? fieldsText(element.placeholder, names) : chosen.join(', ')
      return `[${label === '' ? textIn(element.type).replaceAll('_', ' ') : label} ▾]`
    }
  }
}

const tableLines = (block: Fields, names: Names): readonly string[] => {
  const cells = (Array.isArray(block.rows) ? (block.rows as unknown[]) : []).map((row) =>
    listIn(row).map((cell) => (cell.type === 'rich_text' ? richTextLines(cell, names).join(' ') : textIn(cell.text))),
  )
  const widths = cells.reduce<number[]>(
    (known, row) =>
      row.map((cell, column) => Math.max(cell.length, known[column] ?? 0)).concat(known.slice(row.length)),
    [],
  )
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
