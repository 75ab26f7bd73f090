import { z } from 'zod'
import { approvedRequest } from '../../capabilities/ask-capture.ts'
import { groupsOf } from '../../fixes/roles.ts'
import { readApproval, updateApproval, type CaptureApproval } from '../../leases/captures/approval.ts'
import { denyApproval, denyDecided } from '../../leases/captures/may-approve.ts'
import { defined } from '../../mesh/defined.ts'
import { UserError } from '../../mesh/user-error.ts'
import { recordAudit } from '../../store/audit.ts'
import { readRun } from '../../store/runs.ts'
import type { Press } from '../actions/action.ts'
import { tell, type Asking } from './asking.ts'
import { noteMessage } from '../blocks/refusal.ts'
import type { SlackDeps } from '../deps.ts'
import { startRun } from '../thread/start-run.ts'

const OfApproval = z.object({ approval: z.string() })
type Verb = 'approve' | 'reject'

/**
 * Decides on a capture that waits for approval, says to whoever pressed what came of it, and begins it with the last approval that it needs.
 * @throws UserError, which is on record where it is about rights
 */
export async function decideCapture(deps: SlackDeps, asking: Asking, press: Press, verb: Verb): Promise<void> {
  const approval = await decide(deps, asking, press, verb)
  await deps.board.captureApproval(approval)
  if (approval.state === 'approved') await begin(deps, asking, approval)
  const left = approval.needs - approval.approvals.length
  await tell(
    deps,
    asking,
    noteMessage(
      approval.state === 'rejected'
        ? 'Rejected: nothing is captured.'
        : left > 0
          ? `Approved. It needs ${left} more, by somebody else.`
          : 'Approved: it is being captured, in this thread.',
    ),
  )
}

/** Notes a press in the record, once for each person. @throws UserError, which is on record where it is about rights */
async function decide(
  deps: SlackDeps,
  { user, team, channel }: Asking,
  { button }: Press,
  verb: Verb,
): Promise<CaptureApproval> {
  const { records, policy, board, members } = deps
  const { approval: id } = OfApproval.parse(button.payload)
  const asked = await readApproval(records, id)
  if (asked === undefined)
    throw new UserError({ why: 'This capture is no longer known.', commands: ['/mesh capture TARGET'] })
  const by = { user, ...defined({ team }) }
  // Of a process that ended after it had noted the last approval.
  const isDone = asked.state === 'approved' && asked.approvals.at(-1)?.user === user
  if (verb === 'approve' && isDone && Date.parse(asked.expiresAt) > Date.now()) return asked
  const presser = { user, channel, groups: await groupsOf(policy, user, members) }
  const denied =
    (await board.denyDecider({ user, team })) ??
    denyApproval(policy, asked, presser, verb) ??
    denyDecided(asked, Date.now())
  if (denied !== undefined) {
    // Only of one that is decided or has expired its message changes; somebody may have decided since it was read.
    const current = denyDecided(asked, Date.now()) === undefined ? undefined : await readApproval(records, id)
    if (current !== undefined) await board.captureApproval(current)
    await recordAudit(records, { event: 'lease-refused', by, ...about(asked), facts: { verb, why: denied.why } })
    throw denied
  }
  const at = new Date().toISOString()
  let late: UserError | undefined
  const after = await updateApproval(records, id, (now) => {
    late = denyApproval(policy, now, presser, verb) ?? denyDecided(now, Date.now())
    if (late !== undefined) return undefined
    if (verb === 'reject') return { ...now, state: 'rejected', rejected: { ...by, at } }
    const approvals = [...now.approvals, { ...by, at }]
    return { ...now, approvals, ...(approvals.length >= now.needs && { state: 'approved' as const }) }
  })
  if (late !== undefined) throw late
  if (after === undefined) throw new TypeError(`capture ${id} was removed`)
  await recordAudit(records, {
    event: verb === 'approve' ? 'capture-approved' : 'capture-rejected',
    by,
    ...about(after),
    facts: {
      requester: after.requester.user,
      ...after.packets,
      ...(verb === 'approve' && { approvals: after.approvals.length, needs: after.needs }),
    },
  })
  return after
}

const about = ({ id, target }: CaptureApproval): { run: string; target?: string } => ({
  run: id,
  ...(target !== undefined && { target: target.key }),
})

/** Begins the one run that may capture, in the name of who asked for it. */
async function begin(deps: SlackDeps, asking: Asking, approval: CaptureApproval): Promise<void> {
  const { id, text, namespace, target, packets, requester } = approval
  const { user, team } = requester
  const { thread = asking.thread } = (await readRun(deps.records, id)) ?? {}
  await startRun(
    deps,
    { ...asking, user, team, thread, request: approvedRequest(id) },
    { kind: 'capture', text, ...defined({ namespace, target }), ...packets, approval: id },
  )
}
