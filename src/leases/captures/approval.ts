import { z } from 'zod'
import { CAPTURE_INTERFACES } from '../../capture/plan.ts'
import { changeRecord } from '../../store/change-record.ts'
import type { Records } from '../../store/records.ts'
import { AskedTarget } from '../../store/runs.ts'

const COLLECTION = 'capture-approvals'
/** As long as runs are. */
const KEPT_SECONDS = 30 * 24 * 3600

/** What is to be captured, as it was asked and read. */
export const AskedPackets = z.object({
  interface: z.enum(CAPTURE_INTERFACES).optional(),
  port: z.number().int().optional(),
  peer: z.string().optional(),
  seconds: z.number().int().optional(),
  /** Whole packets, not their headers alone. */
  payload: z.boolean().optional(),
})
export type AskedPackets = z.infer<typeof AskedPackets>

const By = z.object({ user: z.string(), team: z.string().exactOptional(), at: z.iso.datetime() })

/** A capture that waits until enough people have approved it. Its id is that of the run that asked. */
export const CaptureApproval = z.object({
  id: z.string(),
  state: z.enum(['asked', 'approved', 'rejected']),
  text: z.string(),
  namespace: z.string().exactOptional(),
  target: AskedTarget.exactOptional(),
  packets: AskedPackets,
  /** The plan, how it is made, and what stays behind: told before. */
  notes: z.array(z.string()),
  /** The one run that may capture. */
  run: z.string(),
  channel: z.string(),
  requester: By,
  /** How many people have to approve it, and who has. */
  needs: z.number().int().min(1),
  approvals: z.array(By),
  rejected: By.exactOptional(),
  expiresAt: z.iso.datetime(),
})
export type CaptureApproval = z.infer<typeof CaptureApproval>

/** Stores one that is asked for; the one that is there already, where a run is carried out again. */
export async function createApproval(records: Records, approval: CaptureApproval): Promise<CaptureApproval> {
  const known = await readApproval(records, approval.id)
  if (known !== undefined) return known
  await records.write(COLLECTION, approval.id, CaptureApproval.parse(approval), {
    expected: 'absent',
    expiresInSeconds: KEPT_SECONDS,
  })
  return approval
}

export async function readApproval(records: Records, id: string): Promise<CaptureApproval | undefined> {
  const stored = await records.read(COLLECTION, id)
  return stored && CaptureApproval.parse(stored.value)
}

/** Changes one: `next` returns undefined to leave it, and may be called again. Undefined when there is none. */
export const updateApproval = (
  records: Records,
  id: string,
  next: (approval: CaptureApproval) => CaptureApproval | undefined,
): Promise<CaptureApproval | undefined> =>
  changeRecord(records, { collection: COLLECTION, id, schema: CaptureApproval, expiresInSeconds: KEPT_SECONDS }, next)
