import { diagnose } from '../../capabilities/diagnose.ts'
import { keptAnswer } from '../../capabilities/kept-answer.ts'
import { defined } from '../../mesh/defined.ts'
import { formatRef } from '../../mesh/ref.ts'
import { recordAudit } from '../../store/audit.ts'
import { tell } from '../access/asking.ts'
import { noteMessage } from '../blocks/refusal.ts'
import { defineAction } from './action.ts'
import { runOf } from './run-of.ts'

/** Keeps in the audit whether somebody holds the cause of a diagnosis for the right one. */
export const causeFeedback = defineAction({
  name: 'cause-feedback',
  async run(deps, asking, press) {
    const run = await runOf(deps, press)
    const right = press.button.payload.right === true
    const answer = await keptAnswer(deps.records, run.id, diagnose.answer)
    const finding = answer?.report.cause?.finding
    const { user, team } = asking
    await recordAudit(deps.records, {
      event: 'cause-judged',
      by: { user, ...defined({ team }) },
      run: run.id,
      ...('target' in run.request && run.request.target !== undefined && { target: run.request.target.key }),
      facts: {
        right,
        channel: asking.channel,
        text: run.request.text,
        ...defined({
          verdict: answer?.report.verdict,
          code: finding?.code,
          subject: finding === undefined ? undefined : formatRef(finding.subject),
        }),
      },
    })
    await tell(
      deps,
      asking,
      noteMessage(
        right
          ? 'Noted: the right cause.'
          : 'Noted: not the right cause. Say in the thread what it was; whoever looks at mesh-medic feedback finds it by the run.',
      ),
    )
  },
})
