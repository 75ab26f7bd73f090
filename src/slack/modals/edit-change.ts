import type { ModalView } from '@slack/types'
import { plain } from './elements.ts'

/** callback_id of the modal; also the name of the button that opens it. */
export const EDIT_CHANGE = 'edit-change'
export const YAML_BLOCK = 'yaml'

/** Characters that Slack takes in an input. */
export const EDITABLE = 3_000

/** Shows a change's YAML to be edited. `where` comes back with the answer. */
export function editChangeView(where: string, yaml: string): ModalView {
  return {
    type: 'modal',
    callback_id: EDIT_CHANGE,
    private_metadata: where,
    title: plain('Edit a change'),
    submit: plain('Propose'),
    close: plain('Cancel'),
    blocks: [
      {
        type: 'input',
        block_id: YAML_BLOCK,
        label: plain('What it writes'),
        hint: plain(
          'Keep the objects and change their contents. The change is checked and proposed again, in place of the first proposal.',
        ),
        element: {
          type: 'plain_text_input',
          action_id: 'typed',
          multiline: true,
          max_length: EDITABLE,
          initial_value: yaml,
        },
      },
    ],
  }
}
