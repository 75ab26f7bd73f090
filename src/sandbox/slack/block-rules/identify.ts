import { randomBytes } from 'node:crypto'

import type { Block, Fields } from '../records.ts'
import { isFields } from '../../../mesh/fields.ts'
import { isInteractive } from './blocks.ts'

const made = (): string => randomBytes(4).toString('base64url').slice(0, 5)

/** Gives every block a block_id and every interactive element an action_id, as Slack does. */
export const identify = (blocks: readonly Fields[]): readonly Block[] =>
  blocks.map((block) => {
    const inner = withActionIds(block) as Fields
    return {
      ...inner,
      type: String(block.type),
      block_id: typeof block.block_id === 'string' ? block.block_id : made(),
    }
  })

const withActionIds = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withActionIds)
  if (!isFields(value)) return value
  const inner = Object.fromEntries(Object.entries(value).map(([name, field]) => [name, withActionIds(field)]))
  return isInteractive(value.type) && value.action_id === undefined ? { ...inner, action_id: made() } : inner
}
