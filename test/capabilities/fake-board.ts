import type { ChangeBoard } from '../../src/capabilities/change-board.ts'

/** Notes what is shown and to whom. */
export class FakeBoard implements ChangeBoard {
  readonly told: unknown[][] = []
  private readonly groups: Readonly<Record<string, readonly string[]>>
  constructor(groups: Readonly<Record<string, readonly string[]>> = {}) {
    this.groups = groups
  }
  private note(...what: unknown[]): Promise<void> {
    this.told.push(what)
    return Promise.resolve()
  }
  proposal: ChangeBoard['proposal'] = (change) => this.note('proposal', change.state, change)
  outcome: ChangeBoard['outcome'] = (change) => this.note('outcome', change.state, change)
  diagnosis: ChangeBoard['diagnosis'] = (change) => this.note('diagnosis', change.state, change)
  lease: ChangeBoard['lease'] = (lease) => this.note('lease', lease.state, lease)
  captureApproval: ChangeBoard['captureApproval'] = (approval) =>
    this.note('capture-approval', approval.state, approval)
  leaseFile: ChangeBoard['leaseFile'] = (lease, part, file) => this.note('lease-file', part, file, lease.id)
  privately: ChangeBoard['privately'] = (run, answer) => this.note('privately', run.asker.user, answer)
  denyDecider: ChangeBoard['denyDecider'] = () => Promise.resolve(undefined)
  members: ChangeBoard['members'] = (group) => Promise.resolve(this.groups[group] ?? [])
  get said(): string[] {
    return this.told.map(([what, of]) => `${String(what)} ${String(of)}`)
  }
}
