import type { Fields } from '../records.ts'
import { isFields } from '../../../mesh/fields.ts'

/** "The cumulative limit for all markdown blocks in a single payload is 12,000 characters." */
export const MAX_MARKDOWN = 12_000

/** Not documented: Slack refuses messages at about 12,000 characters plus a little for each block (bolt-js issues 2509 and 2867). */
export const MAX_TEXT_OF_BLOCKS = 12_000

/** Every object inside a value, itself first. */
export const objectsIn = (value: unknown): readonly Fields[] => {
  if (Array.isArray(value)) return value.flatMap(objectsIn)
  return isFields(value) ? [value, ...Object.values(value).flatMap(objectsIn)] : []
}

/** Characters of all text that a person reads. */
export const textLength = (blocks: readonly Fields[]): number =>
  objectsIn(blocks).reduce((sum, object) => sum + (typeof object.text === 'string' ? object.text.length : 0), 0)

export const markdownLength = (blocks: readonly Fields[]): number =>
  objectsIn(blocks)
    .filter((object) => object.type === 'markdown')
    .reduce((sum, { text }) => sum + (typeof text === 'string' ? text.length : 0), 0)

/** How many blocks of the table family there are; a message takes one. */
export const tableCount = (blocks: readonly Fields[]): number =>
  objectsIn(blocks).filter(({ type }) => type === 'table' || type === 'data_table').length

export const chartCount = (blocks: readonly Fields[]): number =>
  objectsIn(blocks).filter(({ type }) => type === 'data_visualization').length

/** What is wrong with ids: each block_id once, and each action_id once within its block. */
export const repeatedIds = (blocks: readonly Fields[], pointer: string): readonly string[] => {
  const problems: string[] = []
  const seen = new Set<string>()
  blocks.forEach((block, index) => {
    const { block_id } = block
    if (typeof block_id === 'string') {
      if (seen.has(block_id))
        problems.push(`block_id must be unique: ${block_id} [json-pointer:${pointer}/${index}/block_id]`)
      seen.add(block_id)
    }
    const actions = objectsIn(block)
      .map(({ action_id }) => action_id)
      .filter((id) => typeof id === 'string')
    const twice = actions.find((id, at) => actions.indexOf(id) !== at)
    if (twice !== undefined)
      problems.push(`action_id must be unique within a block: ${twice} [json-pointer:${pointer}/${index}]`)
  })
  return problems
}

/** One element of a view may have the focus. */
export const focusProblems = (blocks: readonly Fields[]): readonly string[] =>
  objectsIn(blocks).filter((object) => object.focus_on_load === true).length > 1
    ? ['only one element can have focus_on_load [json-pointer:/view/blocks]']
    : []
