import type { ModalView } from '@slack/types'
import { clean, shorten } from '../blocks/escape.ts'
import { plain } from './elements.ts'

/** callback_id of the message shortcut and of its modal. */
export const DIAGNOSE_WORKLOAD = 'diagnose_workload'
export const TARGET_BLOCK = 'target'
export const NAMESPACE_BLOCK = 'namespace'

/** Asks for a target, with what the message seems to be about filled in. `where` comes back with the answer. */
export function diagnoseWorkloadView(where: string, guess: { name: string; namespace: string } | undefined): ModalView {
  const input = (
    initial: string | undefined,
    placeholder: string,
  ): {
    type: 'plain_text_input'
    action_id: string
    max_length: number
    placeholder: { type: 'plain_text'; text: string }
    initial_value?: string
  } => ({
    type: 'plain_text_input',
    action_id: 'typed',
    max_length: 300,
    placeholder: plain(placeholder),
    ...(initial !== undefined && { initial_value: shorten(clean(initial), 250) }),
  })
  return {
    type: 'modal',
    callback_id: DIAGNOSE_WORKLOAD,
    private_metadata: where,
    title: plain('Diagnose a workload'),
    submit: plain('Diagnose'),
    close: plain('Cancel'),
    blocks: [
      {
        type: 'input',
        block_id: TARGET_BLOCK,
        label: plain('Target'),
        hint: plain(
          'A service, deploy/NAME, pod/NAME, a host or a URL. The answer goes into the thread of the message.',
        ),
        element: input(guess?.name, 'catalog'),
      },
      {
        type: 'input',
        block_id: NAMESPACE_BLOCK,
        optional: true,
        label: plain('Namespace'),
        element: input(guess?.namespace, 'only if several namespaces have it'),
      },
    ],
  }
}
