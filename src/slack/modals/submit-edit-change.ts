import type { AckFn, ViewResponseAction } from '@slack/bolt'
import { denyState } from '../../fixes/authorise.ts'
import { editableText, editProposal } from '../../fixes/edit.ts'
import { EditError } from '../../fixes/manifest.ts'
import type { ChangeRecord } from '../../fixes/record.ts'
import type { ProposeRequest } from '../../capabilities/propose.ts'
import { readRun } from '../../store/runs.ts'
import type { Asking } from '../access/asking.ts'
import { requireEditor } from '../access/read-change.ts'
import { orTell } from '../access/or-tell.ts'
import type { SlackDeps } from '../deps.ts'
import type { UserAnswer } from '../../mesh/user-error.ts'
import { startRun } from '../thread/start-run.ts'
import { EDIT_CHANGE, YAML_BLOCK } from './edit-change.ts'
import { changeOfView, viewForgotten, sayUnder } from './open-change-view.ts'
import { defined } from '../../mesh/defined.ts'
import type { SubmittedView, Submitter } from './submitted.ts'

/** Takes the edited YAML: what is wrong with it is said under it, else it is proposed in the first one's place. Never rejects. */
export async function submitEditChange(
  deps: SlackDeps,
  person: Submitter,
  view: SubmittedView,
  ack: AckFn<ViewResponseAction>,
): Promise<void> {
  const found = await changeOfView(deps.records, view.private_metadata, EDIT_CHANGE).catch(() => undefined)
  const edited = view.state.values[YAML_BLOCK]?.typed?.value ?? ''
  const wrong = found === undefined ? undefined : whatIsWrong(found.change, edited)
  if (wrong !== undefined) return ack(sayUnder(YAML_BLOCK, wrong))
  await ack()
  const asking: Asking = { ...person, channel: found?.channel ?? person.user, thread: found?.change.thread }
  await orTell(deps, asking, 'edit', async () => {
    if (found === undefined) throw viewForgotten()
    await requireEditor(deps, asking, found.change)
    await startRun(deps, asking, await requestFor(deps, found.change, edited))
  })
}

/** What can be seen at once; the rest is found out where the job runs. */
function whatIsWrong(change: ChangeRecord, edited: string): UserAnswer | undefined {
  const denied = denyState(change, 'reject', Date.now())
  if (denied !== undefined) return denied
  if (edited.trim() === (editableText(change) ?? '').trim())
    return { why: 'Nothing was changed.', remedies: ['Change something, or press Cancel.'] }
  try {
    editProposal(change, edited)
    return undefined
  } catch (error) {
    if (!(error instanceof EditError)) throw error
    return error
  }
}

async function requestFor({ records }: SlackDeps, change: ChangeRecord, edited: string): Promise<ProposeRequest> {
  const first = await readRun(records, change.run)
  const {
    question: { text, namespace },
    of,
    id,
  } = change
  const target = first?.request.target
  return {
    kind: 'propose',
    text,
    change: id,
    edited,
    finding: { code: change.for, subject: change.subject },
    ...defined({ namespace, of, choice: change.choice, target }),
  }
}
