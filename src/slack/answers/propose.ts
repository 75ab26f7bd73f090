import { propose } from '../../capabilities/propose.ts'
import type { ButtonSpec } from '../blocks/buttons.ts'
import { candidatesMessage, MOST_CANDIDATES } from '../blocks/candidates.ts'
import { noProposalMessage } from '../blocks/proposal.ts'
import { defineAnswer } from './answer.ts'
import { approvalAsked, changeNamed, diffFile, proposalShown } from './change.ts'
import { chooseFixButton, runAgainButton } from './run-buttons.ts'

/** What came of asking for a fix. */
export const proposeAnswer = defineAnswer(propose, {
  doing: 'Working out a fix for',
  joined: () => 'A fix is already being worked out.',
  async shown(showing, answer, run) {
    const { records } = showing
    if ('none' in answer)
      return { message: noProposalMessage(answer.none, run, [await runAgainButton(records, run)]), parts: [] }
    if ('candidates' in answer) {
      const { candidates } = answer
      const buttons = await Promise.all(
        candidates
          .slice(0, MOST_CANDIDATES)
          .map(({ choice }, index): Promise<ButtonSpec> => chooseFixButton(records, run, choice, index)),
      )
      return { message: candidatesMessage(candidates, run, buttons), parts: [] }
    }
    const change = await changeNamed(records, answer.change)
    const call = approvalAsked(showing, change)
    return {
      message: await proposalShown(showing, change),
      parts: call === undefined ? [] : [{ name: 'approvers', message: call }],
      file: () => diffFile(change),
    }
  },
})
