import type { ModalView } from '@slack/types'
import type { ChangeRecord } from '../../fixes/record.ts'
import { clean, shorten } from '../blocks/escape.ts'
import { plain } from './elements.ts'

/** callback_id of the modal; also the name of the button that opens it. */
export const REJECT_CHANGE = 'reject-change'
export const REASON_BLOCK = 'reason'

/** Asks why a change is rejected. `where` comes back with the answer. */
export function rejectChangeView(where: string, { title }: Pick<ChangeRecord, 'title'>): ModalView {
  return {
    type: 'modal',
    callback_id: REJECT_CHANGE,
    private_metadata: where,
    title: plain('Reject a change'),
    submit: plain('Reject'),
    close: plain('Cancel'),
    blocks: [
      {
        type: 'input',
        block_id: REASON_BLOCK,
        label: plain('Reason'),
        hint: plain(shorten(`Everybody in the thread can read it. The change: ${clean(title)}`, 1900)),
        element: {
          type: 'plain_text_input',
          action_id: 'typed',
          multiline: true,
          max_length: 500,
          focus_on_load: true,
        },
      },
    ],
  }
}
