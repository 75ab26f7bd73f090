import { byHand } from '../../fixes/by-hand.ts'
import { writesOf } from '../../fixes/apply.ts'
import { denyState, holdersOf } from '../../fixes/authorise.ts'
import { readChange, type ChangeRecord } from '../../fixes/record.ts'
import { ASK_ONLY, type Policy } from '../../fixes/policy.ts'
import type { Records } from '../../store/records.ts'
import { looksOf, outcomeMessage } from '../blocks/outcome.ts'
import { approversCalled, isOpen, proposalMessage, type Approvers } from '../blocks/proposal.ts'
import type { SlackMessage } from '../blocks/rich.ts'
import type { Showing } from './answer.ts'
import { fileText, fileWord, type AnswerFile } from './file.ts'
import { changeButton } from './run-buttons.ts'

/** A change's proposal as its record says now, with its buttons. */
export async function proposalShown(
  { records, policy = ASK_ONLY }: Pick<Showing, 'records' | 'policy'>,
  change: ChangeRecord,
): Promise<SlackMessage> {
  const now = Date.now()
  const verbs = !isOpen(change, now)
    ? []
    : change.blocked === undefined
      ? (['approve-change', 'edit-change', 'reject-change', 'download-patch'] as const)
      : (['download-patch'] as const)
  const buttons = await Promise.all(verbs.map((verb) => changeButton(records, change, verb)))
  return proposalMessage(change, approversOf(policy, change), buttons, now)
}

/** The message that calls those who may approve a change; undefined when there is nothing to approve, or nobody. */
export function approvalAsked(
  { policy = ASK_ONLY }: Pick<Showing, 'policy'>,
  change: ChangeRecord,
): SlackMessage | undefined {
  return isOpen(change, Date.now()) ? approversCalled(change, approversOf(policy, change)) : undefined
}

function approversOf(policy: Policy, { channel }: ChangeRecord): Approvers {
  return { ...holdersOf(policy, channel, 'approver'), fourEyes: policy.fourEyes(channel) }
}

/** What came of an approved change as its record says now; with an Undo button while it can be undone. */
export async function outcomeShown({ records }: Pick<Showing, 'records'>, change: ChangeRecord): Promise<SlackMessage> {
  const canUndo = denyState(change, 'undo', Date.now()) === undefined
  return outcomeMessage(change, canUndo ? [await changeButton(records, change, 'undo-change')] : [])
}

/** @throws Error when it is not in the store: a run's answer names only changes that are */
export async function changeNamed(records: Records, id: string): Promise<ChangeRecord> {
  const change = await readChange(records, id)
  if (change === undefined) throw new Error(`change ${id} is gone`)
  return change
}

const fileBase = ({ act, id }: ChangeRecord): string => `mesh-medic-${fileWord(act)}-${id}`

/** The diff of a change, for a repository or for the eyes. */
export const diffFile = (change: ChangeRecord): AnswerFile => ({
  name: `${fileBase(change)}.diff`,
  title: `The whole diff: ${change.title}`.slice(0, 200),
  content: fileText(change.diff === '' ? '# no difference\n' : change.diff),
})

/** What a change writes, secrets and all: a file a write, each under the command that makes it by hand. Not for a channel. */
export function manifestFiles(change: ChangeRecord): AnswerFile[] {
  return writesOf(change.writes).map((write, index, all) => {
    const name = `${fileBase(change)}${all.length === 1 ? '' : `-${index + 1}`}.yaml`
    const title = `What it writes${all.length === 1 ? '' : `, ${index + 1} of ${all.length}`}: ${change.title}`.slice(
      0,
      200,
    )
    return {
      name,
      title,
      content: fileText(
        `# ${byHand(write, name)}\n${write.verb === 'apply' ? write.manifest.replace(/\n*$/, '\n') : ''}`,
      ),
    }
  })
}

/** Everything about the outcome of a change, for when it did not fit into messages. */
export function outcomeFile(change: ChangeRecord): AnswerFile {
  const looks = looksOf(change).map(
    ({ command, before, after }) =>
      `$ ${command}\n\n-- before\n${before ?? 'not looked at'}\n\n-- after\n${after ?? 'not looked at'}\n`,
  )
  const says = [
    change.title,
    change.why,
    change.failure,
    change.proof?.says,
    change.undo?.says,
    change.undoSays,
  ].filter((one) => one !== undefined)
  return {
    name: `${fileBase(change)}-outcome.txt`,
    title: `The whole outcome: ${change.title}`.slice(0, 200),
    content: fileText(`${says.join('\n\n')}\n\n${looks.join('\n')}`),
  }
}
