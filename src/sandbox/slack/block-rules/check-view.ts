import type { Block, Fields } from '../records.ts'
import { Refusal, refusalWithReasons } from '../refusal.ts'
import { isFields } from '../../../mesh/fields.ts'
import { blocksOn } from './blocks.ts'
import { plainText } from './composition.ts'
import { identify } from './identify.ts'
import { choice, flag, shape, string, variants, type Rule } from './rule.ts'
import { walk } from './walk.ts'
import { focusProblems, repeatedIds } from './whole.ts'

const common = {
  'private_metadata?': string(3_000, 0),
  'callback_id?': string(255, 0),
  'external_id?': string(255, 0),
} as const

const VIEWS: Rule = variants(() => ({
  modal: shape(
    {
      ...common,
      type: choice('modal'),
      title: plainText(24),
      'submit?': plainText(24),
      'close?': plainText(24),
      blocks: blocksOn('modal'),
      'clear_on_close?': flag,
      'notify_on_close?': flag,
      'submit_disabled?': flag,
    },
    {
      also: (view) =>
        view.submit === undefined && hasInput(view.blocks)
          ? 'submit is required when there are input blocks'
          : undefined,
    },
  ),
  home: shape({ ...common, type: choice('home'), blocks: blocksOn('home') }),
}))

const hasInput = (blocks: unknown): boolean =>
  Array.isArray(blocks) && blocks.some((block) => isFields(block) && block.type === 'input')

/** "view_too_large: the provided view is greater than 250kb." */
const MAX_VIEW_BYTES = 250 * 1024

/** A view that kept every rule; `source` is what the app sent. */
export interface CheckedView {
  readonly source: Fields
  readonly blocks: readonly Block[]
}

/**
 * Checks a view against every rule.
 * @throws Refusal `invalid_arguments` with reasons, or `view_too_large`
 */
export const checkView = (value: unknown, type: 'modal' | 'home'): CheckedView => {
  if (!isFields(value)) throw refusalWithReasons('invalid_arguments', ['missing required field: view'])
  if (Buffer.byteLength(JSON.stringify(value)) > MAX_VIEW_BYTES) throw new Refusal('view_too_large')
  if (value.type !== type)
    throw refusalWithReasons('invalid_arguments', [`unsupported type: ${String(value.type)} [json-pointer:/view/type]`])
  const blocks = Array.isArray(value.blocks) ? value.blocks.filter(isFields) : []
  const problems = [...walk(VIEWS, value, '/view'), ...repeatedIds(blocks, '/view/blocks'), ...focusProblems(blocks)]
  if (problems.length > 0) throw refusalWithReasons('invalid_arguments', problems)
  return { source: value, blocks: identify(blocks) }
}
