import { planText, type CapturePlan } from '../capture/plan.ts'
import { denyRole, holdersOf, type Presser } from '../fixes/authorise.ts'
import { groupsOf } from '../fixes/roles.ts'
import { createApproval, readApproval, type AskedPackets, type CaptureApproval } from '../leases/captures/approval.ts'
import { approvalsNeeded, approvesByAsking } from '../leases/captures/may-approve.ts'
import { readLease } from '../leases/lease-record.ts'
import { defined } from '../mesh/defined.ts'
import { recordAuditOnce } from '../store/audit.ts'
import { runIdOf, type RunRecord, type StoredRequest } from '../store/runs.ts'
import type { CapabilityDeps } from './deps.ts'

/** A request for packets: what of it is approved. */
export type CaptureAsked = StoredRequest & AskedPackets & { approval?: string | undefined }

/** What the run that captures is asked by, which makes its id: so that it begins once. */
export const approvedRequest = (approval: string): string => `capture-approval/${approval}`

/**
 * Whether a run may capture now: it is the one that enough people have approved, or asking is approval enough.
 * @returns what it has to wait for otherwise; undefined when it may
 * @throws UserError when there is nobody who could approve it
 */
export async function approvalMissing(
  deps: CapabilityDeps,
  run: RunRecord<CaptureAsked>,
  plan: CapturePlan,
  prepare: (lease: string) => Promise<readonly string[]>,
): Promise<CaptureApproval | undefined> {
  const { policy, records, board } = deps
  const { request, asker, channel } = run
  const given = request.approval === undefined ? undefined : await readApproval(records, request.approval)
  if (given?.run === run.id && given.state === 'approved') return undefined
  // Begun by a worker that was killed.
  if ((await readLease(records, run.id)) !== undefined) return undefined
  const groups = await groupsOf(policy, asker.user, (group) => board.members(group))
  const person: Presser = { user: asker.user, channel, groups }
  const packets = packetsOf(request)
  const needs = approvalsNeeded(packets)
  const isApproval = approvesByAsking(policy, person)
  if (isApproval && needs === 1) return undefined
  const known = await readApproval(records, run.id)
  if (known !== undefined) return known
  await requireApprovers(deps, run, person, plan)
  const at = new Date().toISOString()
  const requester = { ...asker, at }
  const lease = runIdOf(approvedRequest(run.id))
  return createApproval(records, {
    id: run.id,
    state: 'asked',
    text: request.text,
    ...defined({ namespace: request.namespace, target: request.target }),
    packets,
    notes: [...(await prepare(lease))],
    run: lease,
    channel,
    requester,
    needs,
    approvals: isApproval ? [requester] : [],
    expiresAt: new Date(Date.now() + policy.approvalSeconds * 1000).toISOString(),
  })
}

/** @throws UserError where nobody is an operator: nobody could ever approve it */
async function requireApprovers(
  { policy, records }: CapabilityDeps,
  { id, asker, channel, request }: RunRecord<CaptureAsked>,
  person: Presser,
  plan: CapturePlan,
): Promise<void> {
  const { users, groups } = holdersOf(policy, channel, 'operator')
  if (users.length + groups.length > 0) return
  const denied = denyRole(policy, person, 'operator', 'have packets captured here')
  if (denied === undefined) return
  await recordAuditOnce(records, id, {
    event: 'lease-refused',
    by: asker,
    run: id,
    ...(request.target !== undefined && { target: request.target.key }),
    facts: { plan: planText(plan), why: denied.why },
  })
  throw denied
}

const packetsOf = ({ interface: on, port, peer, seconds, payload }: CaptureAsked): AskedPackets =>
  defined({ interface: on, port, peer, seconds, payload })
