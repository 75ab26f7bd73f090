import type { ContextActionsBlock } from '@slack/types'
import { ANSWER_KEPT_SECONDS } from '../../capabilities/kept-answer.ts'
import { defined } from '../../mesh/defined.ts'
import { mintButton } from '../../store/buttons.ts'
import type { Records } from '../../store/records.ts'
import type { RunRecord } from '../../store/runs.ts'
import type { ButtonSpec } from '../blocks/buttons.ts'
import { shorten } from '../blocks/escape.ts'

const home = ({ channel, asker }: RunRecord): Record<string, unknown> => ({ channel, ...defined({ team: asker.team }) })

/** Silences the incident that a diagnosis is about; asks for how long. */
export async function silenceButton(
  records: Records,
  run: RunRecord,
  incident: { subject: string; id: string },
): Promise<ButtonSpec> {
  const id = await mintButton(records, {
    act: 'silence-incident',
    payload: { ...home(run), ...incident },
    run: run.id,
    uses: 'many',
    expiresInSeconds: ANSWER_KEPT_SECONDS,
  })
  return { action: 'silence-incident', id, label: 'Silence', spoken: `Silence: alerts about ${run.request.text}` }
}

/** Asks whether the cause is the right one. Either can be pressed, and pressed again: the last one counts. */
export async function feedbackBlock(records: Records, run: RunRecord): Promise<ContextActionsBlock> {
  const [right, wrong] = await Promise.all(
    [true, false].map((isRight) =>
      mintButton(records, {
        act: 'cause-feedback',
        payload: { ...home(run), right: isRight },
        run: run.id,
        uses: 'many',
        expiresInSeconds: ANSWER_KEPT_SECONDS,
      }),
    ),
  )
  const button = (label: string, value = '') => ({
    text: { type: 'plain_text' as const, text: label },
    value,
    accessibility_label: shorten(`${label}: of ${run.request.text}`, 75),
  })
  return {
    type: 'context_actions',
    elements: [
      {
        type: 'feedback_buttons',
        action_id: 'cause-feedback',
        positive_button: button('Right cause', right),
        negative_button: button('Wrong cause', wrong),
      },
    ],
  }
}
