import type { CaptureApproval } from '../../leases/captures/approval.ts'
import type { LeaseRecord } from '../../leases/lease-record.ts'
import type { Policy } from '../../fixes/policy.ts'
import type { ChangeRecord } from '../../fixes/record.ts'
import type { GroupMembers } from '../../fixes/roles.ts'
import type { ChangeBoard } from '../../capabilities/change-board.ts'
import type { RunRecord } from '../../store/runs.ts'
import { tell } from '../access/asking.ts'
import { denyDeciders, type DenyDecider } from '../access/require-member.ts'
import { leaseMessage } from '../blocks/lease.ts'
import { refusalMessage } from '../blocks/refusal.ts'
import type { SlackMessage } from '../blocks/rich.ts'
import type { UserAnswer } from '../../mesh/user-error.ts'
import { captureApprovalShown } from '../answers/capture-approval.ts'
import { outcomeShown, proposalShown } from '../answers/change.ts'
import { leaseButtons } from '../answers/lease-buttons.ts'
import { Posts } from './posts.ts'
import { showChangeInDiagnosis, showInRoot } from './root-message.ts'
import type { ThreadDeps } from './thread-deps.ts'

/** Keeps the messages of changes and leases in Slack at what their records say. */
export class SlackChangeBoard implements ChangeBoard {
  readonly members: GroupMembers
  readonly denyDecider: DenyDecider
  private readonly deps: ThreadDeps & { policy: Policy }
  private readonly posts: Posts

  /** @param team the bot's own workspace */
  constructor(deps: ThreadDeps & { policy: Policy; members: GroupMembers; team?: string | undefined }) {
    this.deps = deps
    this.members = deps.members
    this.denyDecider = denyDeciders({ ...deps, access: deps.policy.access }, deps.team)
    this.posts = new Posts(deps)
  }

  async proposal(change: ChangeRecord): Promise<void> {
    await this.show(change.channel, change.run, await proposalShown(this.deps, change))
  }

  async outcome(change: ChangeRecord): Promise<void> {
    const { decided } = change
    if (decided?.verdict !== 'approved') return
    await this.show(change.channel, decided.run, await outcomeShown(this.deps, change))
  }

  async diagnosis(change: ChangeRecord): Promise<void> {
    await showChangeInDiagnosis(this.deps, this.posts, change)
  }

  async lease(lease: LeaseRecord): Promise<void> {
    if (lease.channel === undefined) return
    await this.show(
      lease.channel,
      lease.run,
      leaseMessage(lease, Date.now(), await leaseButtons(this.deps.records, lease)),
    )
  }

  async captureApproval(approval: CaptureApproval): Promise<void> {
    await this.show(approval.channel, approval.id, await captureApprovalShown(this.deps, approval))
  }

  async leaseFile(
    { run, channel, thread, from }: LeaseRecord,
    part: string,
    file: { name: string; title: string; content: string },
  ): Promise<void> {
    if (channel === undefined) return
    await this.posts.file(run, part, { channel, thread, since: (Date.parse(from) / 1000 - 60).toFixed(6) }, file)
  }

  async privately(run: RunRecord, answer: UserAnswer): Promise<void> {
    const { asker, channel, thread } = run
    await tell(this.deps, { user: asker.user, team: asker.team, channel, thread }, refusalMessage(answer))
  }

  private async show(channel: string, run: string, message: SlackMessage): Promise<void> {
    await showInRoot(this.deps, this.posts, { channel, id: run }, message)
  }
}
