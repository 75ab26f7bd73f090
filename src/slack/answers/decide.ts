import { decide, type DecideRequest } from '../../capabilities/decide.ts'
import { readChange, type ChangeRecord } from '../../fixes/record.ts'
import type { RunRecord } from '../../store/runs.ts'
import { askerTold, outcomeParts, undoMessage } from '../blocks/outcome.ts'
import { defineAnswer, type ShownAnswer, type Showing } from './answer.ts'
import { changeNamed, outcomeFile, outcomeShown } from './change.ts'

/** What a press on a change has come to: the whole outcome for the run that applies it, else what became of the undoing. */
export const decideAnswer = defineAnswer(decide, {
  doing: 'Deciding',
  isOncePressed: true,
  // What is being written is not cancelled half-way.
  async running(showing, run) {
    const change = await readChange(showing.records, run.request.change)
    return change && (await decisionShown(showing, change, run)).message
  },
  shown: async (showing, answer, run) => decisionShown(showing, await changeNamed(showing.records, answer.change), run),
})

async function decisionShown(
  showing: Showing,
  change: ChangeRecord,
  { request }: RunRecord<DecideRequest>,
): Promise<ShownAnswer> {
  if (request.decision.verb === 'undo') return { message: undoMessage(change), parts: [] }
  return {
    message: await outcomeShown(showing, change),
    parts: [...outcomeParts(change), ...askerTold(change)],
    file: () => outcomeFile(change),
  }
}
