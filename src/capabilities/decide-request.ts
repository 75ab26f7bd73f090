import { z } from 'zod'
import type { ChangeRecord } from '../fixes/record.ts'
import type { AuditEvent } from '../store/audit.ts'
import type { RunRecord } from '../store/runs.ts'
import type { RunThread } from './run-thread.ts'

/** Who the bot itself is, in records. */
export const BOT = 'mesh-medic'

/** What somebody wants of a change. */
export const DecideRequest = z.object({
  kind: z.literal('decide'),
  text: z.string(),
  change: z.string(),
  decision: z.object({ verb: z.enum(['approve', 'reject', 'undo']), reason: z.string().optional() }),
})
export type DecideRequest = z.infer<typeof DecideRequest>
export type DecideRun = RunRecord<DecideRequest>

export const DecideAnswer = z.object({ kind: z.literal('decide'), change: z.string() })
export type DecideAnswer = z.infer<typeof DecideAnswer>
export type DecideThread = RunThread<DecideAnswer>

/** What the audit says of every change. */
export const factsOf = ({ id, act, digest }: ChangeRecord): Record<string, unknown> => ({ change: id, act, digest })

/** Which run an event belongs to, and what it is about. */
export const eventOf = (
  { id }: Pick<RunRecord, 'id'>,
  change: ChangeRecord | undefined,
): Pick<AuditEvent, 'run' | 'target'> => ({ run: id, ...(change !== undefined && { target: change.target }) })
