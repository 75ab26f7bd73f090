import type { Block, Fields } from '../records.ts'
import { Refusal, refusalWithReasons } from '../refusal.ts'
import { isFields } from '../../../mesh/fields.ts'
import { blocksOn } from './blocks.ts'
import { MAX_CHARTS } from './chart.ts'
import { identify } from './identify.ts'
import { walk } from './walk.ts'
import {
  chartCount,
  markdownLength,
  MAX_MARKDOWN,
  MAX_TEXT_OF_BLOCKS,
  repeatedIds,
  tableCount,
  textLength,
} from './whole.ts'

const message = blocksOn('message')

/**
 * Checks the blocks of a message against every rule.
 * @returns the blocks with the ids that Slack adds
 * @throws Refusal `invalid_blocks_format` (not a list of objects), `invalid_blocks` with reasons, `invalid_attachments`
 *   with `only_one_table_allowed`, or `msg_blocks_too_long`
 */
export const checkBlocks = (value: unknown): readonly Block[] => {
  if (!Array.isArray(value) || !value.every(isFields)) throw new Refusal('invalid_blocks_format')
  const blocks: readonly Fields[] = value
  const problems = [...walk(message, blocks, '/blocks'), ...repeatedIds(blocks, '/blocks')]
  if (markdownLength(blocks) > MAX_MARKDOWN)
    problems.push(`markdown blocks must have less than ${MAX_MARKDOWN + 1} characters in all [json-pointer:/blocks]`)
  if (chartCount(blocks) > MAX_CHARTS)
    problems.push(`no more than ${MAX_CHARTS} data_visualization blocks allowed [json-pointer:/blocks]`)
  if (problems.length > 0) throw refusalWithReasons('invalid_blocks', problems)
  if (tableCount(blocks) > 1)
    throw refusalWithReasons('invalid_attachments', ['only_one_table_allowed [json-pointer:/blocks]'])
  if (textLength(blocks) > MAX_TEXT_OF_BLOCKS) throw new Refusal('msg_blocks_too_long')
  return identify(blocks)
}
