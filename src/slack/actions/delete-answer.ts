import { forgetAnswer } from '../../capabilities/kept-answer.ts'
import { denyRole } from '../../fixes/authorise.ts'
import { groupsOf } from '../../fixes/roles.ts'
import { forgetLogs } from '../../leases/kept-logs.ts'
import { defined } from '../../mesh/defined.ts'
import { UserError } from '../../mesh/user-error.ts'
import { recordAudit } from '../../store/audit.ts'
import { tell } from '../access/asking.ts'
import { noteMessage } from '../blocks/refusal.ts'
import { defineAction } from './action.ts'
import { runOf } from './run-of.ts'

/** Deletes what a run has kept, for whoever asked for it or an operator; files that Slack has are Slack's. */
export const deleteAnswer = defineAction({
  name: 'delete-answer',
  async run(deps, asking, press) {
    const run = await runOf(deps, press)
    const { user, team, channel } = asking
    const denied =
      run.asker.user === user
        ? undefined
        : denyRole(deps.policy, { user, channel, groups: await groupsOf(deps.policy, user, deps.members) }, 'operator')
    if (denied !== undefined)
      throw new UserError({ why: denied.why, remedies: ['Ask an operator of this channel, or whoever asked for it.'] })
    const [answer, logs] = [await forgetAnswer(deps.records, run.id), await forgetLogs(deps.records, run.id)]
    const wasKept = answer || logs
    if (wasKept)
      await recordAudit(deps.records, {
        event: 'answer-deleted',
        by: { user, ...defined({ team }) },
        run: run.id,
        facts: { kind: run.request.kind, text: run.request.text },
      })
    await tell(
      deps,
      asking,
      noteMessage(
        `${wasKept ? 'Deleted: mesh-medic does not keep it any more.' : 'It is not kept any more.'} Files in this thread are kept by Slack: delete them there.`,
      ),
    )
  },
})
