import { ANSWER_KEPT_SECONDS } from '../../capabilities/kept-answer.ts'
import { mintButton } from '../../store/buttons.ts'
import type { Records } from '../../store/records.ts'
import type { RunRecord } from '../../store/runs.ts'
import type { ButtonSpec } from '../blocks/buttons.ts'
import { home, subjectOf } from './button-home.ts'

/** Shows what a run has kept, to read and for programs. */
export async function fullReportButton(records: Records, run: RunRecord): Promise<ButtonSpec> {
  const id = await mintButton(records, {
    act: 'full-report',
    payload: home(run),
    run: run.id,
    uses: 'many',
    expiresInSeconds: ANSWER_KEPT_SECONDS,
  })
  return { action: 'full-report', id, label: 'Full report', spoken: `Full report: ${subjectOf(run)}` }
}

/** Deletes what a run has kept: for what may hold more than others should see. */
export async function deleteAnswerButton(records: Records, run: RunRecord): Promise<ButtonSpec> {
  const id = await mintButton(records, {
    act: 'delete-answer',
    payload: home(run),
    run: run.id,
    uses: 'many',
    expiresInSeconds: ANSWER_KEPT_SECONDS,
  })
  return {
    action: 'delete-answer',
    id,
    label: 'Delete',
    style: 'danger',
    spoken: `Delete: ${subjectOf(run)}`,
    confirm: {
      title: 'Delete what is kept?',
      text: 'mesh-medic forgets what it keeps of this: timeline, capture, logs. This message and its files stay until they are deleted in Slack.',
    },
  }
}
