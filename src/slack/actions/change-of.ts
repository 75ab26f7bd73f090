import { z } from 'zod'
import { readChange, type ChangeRecord } from '../../fixes/record.ts'
import type { Records } from '../../store/records.ts'
import type { Asking } from '../access/asking.ts'
import type { SlackDeps } from '../deps.ts'
import { UserError } from '../../mesh/user-error.ts'
import { startQuietly } from '../thread/start-run.ts'
import type { Press } from './action.ts'

const OfChange = z.object({ change: z.string() })

/** The change a button belongs to. @throws UserError when it is forgotten */
export async function changeOf(
  { records }: { records: Records },
  { button }: Pick<Press, 'button'>,
): Promise<ChangeRecord> {
  const change = await readChange(records, OfChange.parse(button.payload).change)
  if (change === undefined)
    throw new UserError({
      why: 'This change is no longer known: changes are kept for 90 days.',
      commands: ['/mesh diagnose TARGET'],
    })
  return change
}

/** Has a worker decide what somebody wants of a change; whoever may not is told so from there. */
export async function askDecision(
  deps: SlackDeps,
  asking: Asking,
  change: ChangeRecord,
  decision: { verb: 'approve' | 'reject' | 'undo'; reason?: string },
): Promise<void> {
  await startQuietly(
    deps,
    { ...asking, thread: change.thread },
    { kind: 'decide', text: `${decision.verb} ${change.title}`, change: change.id, decision },
  )
}
