import type { ActionsBlock, Button } from '@slack/types'
import { clean, shorten } from './escape.ts'
import { LIMITS } from './limits.ts'
import { defined } from '../../mesh/defined.ts'

/** A button: its verb, the opaque id of the record behind it, and its label. */
export interface ButtonSpec {
  /** `cancel-run`; with `:1` and so on where a message has several of one verb. */
  action: string
  id: string
  label: string
  style?: 'primary' | 'danger'
}

function button({ action, id, label, style }: ButtonSpec): Button {
  return {
    type: 'button',
    action_id: action,
    value: id,
    text: { type: 'plain_text', text: shorten(clean(label), LIMITS.buttonLabel), emoji: false },
    ...defined({ style }),
  }
}

/** A row of buttons; none when there is none. */
export function buttonRow(specs: readonly ButtonSpec[]): ActionsBlock[] {
  return specs.length === 0 ? [] : [{ type: 'actions', elements: specs.slice(0, LIMITS.actions).map(button) }]
}
