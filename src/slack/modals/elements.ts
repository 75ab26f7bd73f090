import type { InputBlock, ModalView, PlainTextOption } from '@slack/types'
import { minutesText } from '../../leases/minutes.ts'
import { defined } from '../../mesh/defined.ts'
import { clean, shorten } from '../blocks/escape.ts'

/** The block in which a modal asks for how long; as in every modal that lends something. */
export const MINUTES_BLOCK = 'minutes'

/** Slack takes as many options in a select, and as many characters in the value of one. */
export const MOST_OPTIONS = 100
const MOST_CHARACTERS = 150

/** A text of a modal's own. */
export const plain = (value: string): { type: 'plain_text'; text: string } => ({ type: 'plain_text', text: value })

/** A choice of a select: what comes back, and what is shown for it. */
export const option = (value: string, label = value): PlainTextOption => ({
  text: plain(shorten(clean(label), 75)),
  value,
})

/** What fits a select, each once: Slack refuses one that has the same value twice. */
export const fitting = (values: readonly string[], most = MOST_OPTIONS): string[] =>
  [...new Set(values)].filter((value) => value !== '' && value.length <= MOST_CHARACTERS).slice(0, most)

/** A modal that says one sentence, `text`, in place of what it asks. `where` comes back with the answer. */
export const noteView = (
  { id, title }: { id: string; title: string },
  where: string,
  close: 'Cancel' | 'Close',
  text: string,
): ModalView => ({
  type: 'modal',
  callback_id: id,
  private_metadata: where,
  title: plain(title),
  close: plain(close),
  blocks: [{ type: 'section', text: plain(text) }],
})

/** The usual lengths of time, in minutes, that a limit allows. */
export function timesUpTo(mostMinutes: number): PlainTextOption[] {
  const minutes = [1, 5, 10, 15, 30, 60].filter((one) => one <= mostMinutes)
  return (minutes.length === 0 ? [mostMinutes] : minutes).map((one) => option(String(one), minutesText(one)))
}

/** Asks for how long. */
export const minutesInput = (times: PlainTextOption[], usual: PlainTextOption | undefined): InputBlock => ({
  type: 'input',
  block_id: MINUTES_BLOCK,
  label: plain('For'),
  element: {
    type: 'static_select',
    action_id: 'chosen',
    options: times,
    ...defined({ initial_option: usual }),
  },
})
