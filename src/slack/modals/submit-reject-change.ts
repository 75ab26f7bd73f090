import type { AckFn, ViewResponseAction } from '@slack/bolt'
import { denyState } from '../../fixes/authorise.ts'
import { askDecision } from '../actions/change-of.ts'
import type { Asking } from '../access/asking.ts'
import { orTell } from '../access/or-tell.ts'
import type { SlackDeps } from '../deps.ts'
import { changeOfView, viewForgotten, sayUnder } from './open-change-view.ts'
import { REASON_BLOCK, REJECT_CHANGE } from './reject-change.ts'
import type { SubmittedView, Submitter } from './submitted.ts'

/** Takes the reason and has a worker decide. Never rejects. */
export async function submitRejectChange(
  deps: SlackDeps,
  person: Submitter,
  view: SubmittedView,
  ack: AckFn<ViewResponseAction>,
): Promise<void> {
  const found = await changeOfView(deps.records, view.private_metadata, REJECT_CHANGE).catch(() => undefined)
  const denied = found === undefined ? undefined : denyState(found.change, 'reject', Date.now())
  if (denied !== undefined) return ack(sayUnder(REASON_BLOCK, denied))
  await ack()
  const asking: Asking = { ...person, channel: found?.channel ?? person.user, thread: found?.change.thread }
  await orTell(deps, asking, 'reject', async () => {
    if (found === undefined) throw viewForgotten()
    const reason = view.state.values[REASON_BLOCK]?.typed?.value?.trim() ?? ''
    await askDecision(deps, asking, found.change, { verb: 'reject', ...(reason !== '' && { reason }) })
  })
}
