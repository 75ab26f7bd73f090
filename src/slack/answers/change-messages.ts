import { byHand } from '../../fixes/by-hand.ts'
import { writesOf } from '../../fixes/apply.ts'
import { denyState, holdersOf } from '../../fixes/authorise.ts'
import { readChange, type ChangeRecord } from '../../fixes/record.ts'
import { ASK_ONLY, type Policy } from '../../fixes/policy.ts'
import type { ProposeAnswer } from '../../capabilities/run-thread.ts'
import type { Records } from '../../store/records.ts'
import type { RunRecord } from '../../store/runs.ts'
import type { ButtonSpec } from '../blocks/buttons.ts'
import { candidatesMessage, MOST_CANDIDATES } from '../blocks/candidates.ts'
import { looksOf, outcomeMessage, outcomeParts, undoMessage } from '../blocks/outcome.ts'
import { isOpen, noProposalMessage, proposalMessage, type Approvers } from '../blocks/proposal.ts'
import { cut } from '../blocks/escape.ts'
import type { SlackMessage } from '../blocks/rich.ts'
import type { AnswerFile, ShownAnswer } from './shown-answer.ts'
import { changeButton, chooseFixButton, runAgainButton } from './run-buttons.ts'

/** Characters of a file. */
const MOST_IN_FILE = 8_000_000

export interface ChangeShowing {
  records: Records
  /** Says who may approve; without it nobody. */
  policy?: Policy | undefined
}

/** A change's proposal as its record says now, with its buttons. */
export async function proposalShown(
  { records, policy = ASK_ONLY }: ChangeShowing,
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

function approversOf(policy: Policy, { channel }: ChangeRecord): Approvers {
  return { ...holdersOf(policy, channel, 'approver'), fourEyes: policy.fourEyes(channel) }
}

/** What came of an approved change as its record says now; with an Undo button while it can be undone. */
export async function outcomeShown({ records }: ChangeShowing, change: ChangeRecord): Promise<SlackMessage> {
  const canUndo = denyState(change, 'undo', Date.now()) === undefined
  return outcomeMessage(change, canUndo ? [await changeButton(records, change, 'undo-change')] : [])
}

/** What a press on a change has come to: the whole outcome for the run that applies it, else what became of the undoing. */
export async function decisionShown(
  showing: ChangeShowing,
  change: ChangeRecord,
  run: RunRecord,
): Promise<ShownAnswer> {
  if (run.request.decision?.verb === 'undo') return { message: undoMessage(change), parts: [] }
  return { message: await outcomeShown(showing, change), parts: outcomeParts(change), file: () => outcomeFile(change) }
}

/** What came of asking for a fix. */
export async function proposeAnswerShown(
  showing: ChangeShowing,
  answer: ProposeAnswer,
  run: RunRecord,
): Promise<ShownAnswer> {
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
  return { message: await proposalShown(showing, change), parts: [], file: () => diffFile(change) }
}

/** Who asked for, decided and undid a change. */
export const peopleOf = ({ requester, decided, undo }: ChangeRecord): string[] =>
  [requester, decided, undo].flatMap((one) => (one === undefined ? [] : [one.user]))

/** @throws Error when it is not in the store: a run's answer names only changes that are */
export async function changeNamed(records: Records, id: string): Promise<ChangeRecord> {
  const change = await readChange(records, id)
  if (change === undefined) throw new Error(`change ${id} is gone`)
  return change
}

const fileBase = ({ act, id }: ChangeRecord): string =>
  `mesh-medic-${act.replace(/[^A-Za-z0-9.-]+/g, '-').slice(0, 60)}-${id}`

/** The diff of a change, for a repository or for the eyes. */
export const diffFile = (change: ChangeRecord): AnswerFile => ({
  name: `${fileBase(change)}.diff`,
  title: `The whole diff: ${change.title}`.slice(0, 200),
  content: cut(change.diff === '' ? '# no difference\n' : change.diff, MOST_IN_FILE),
})

/** What a change writes: a file a write, each under the command that makes it by hand. */
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
      content: cut(
        `# ${byHand(write, name)}\n${write.verb === 'apply' ? write.manifest.replace(/\n*$/, '\n') : ''}`,
        MOST_IN_FILE,
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
    content: cut(`${says.join('\n\n')}\n\n${looks.join('\n')}`, MOST_IN_FILE),
  }
}
