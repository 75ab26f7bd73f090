import type { ActionsBlock, Button, ConfirmationDialog, PlainTextElement } from '@slack/types'
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
  /** What a screen reader says in place of the label, with which it begins: what is pressed for what. */
  spoken?: string
  /** Asked before it counts. */
  confirm?: { title: string; text: string }
}

function button({ action, id, label, style, spoken, confirm }: ButtonSpec): Button {
  return {
    type: 'button',
    action_id: action,
    value: id,
    text: { type: 'plain_text', text: shorten(clean(label), LIMITS.buttonLabel), emoji: false },
    accessibility_label: shorten(clean(spoken ?? label), LIMITS.buttonLabel),
    ...defined({ style, confirm: confirm && dialog(confirm, label, style) }),
  }
}

const plain = (value: string, most: number): PlainTextElement => ({
  type: 'plain_text',
  text: shorten(clean(value), most),
  emoji: false,
})

const dialog = (
  { title, text }: NonNullable<ButtonSpec['confirm']>,
  label: string,
  style: ButtonSpec['style'],
): ConfirmationDialog => ({
  title: plain(title, LIMITS.dialogTitle),
  text: plain(text, LIMITS.dialogText),
  confirm: plain(`Yes, ${label.toLowerCase()}`, LIMITS.dialogButton),
  deny: plain('Cancel', LIMITS.dialogButton),
  ...defined({ style }),
})

/** A row of buttons; none when there is none. */
export function buttonRow(specs: readonly ButtonSpec[]): ActionsBlock[] {
  return specs.length === 0 ? [] : [{ type: 'actions', elements: specs.slice(0, LIMITS.actions).map(button) }]
}
