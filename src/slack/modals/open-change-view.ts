import type { ModalView } from '@slack/types'
import { WebAPIPlatformError } from '@slack/web-api'
import { z } from 'zod'
import { denyState } from '../../fixes/authorise.ts'
import { readChange, type ChangeRecord } from '../../fixes/record.ts'
import { mintButton, readButton } from '../../store/buttons.ts'
import type { Records } from '../../store/records.ts'
import type { Press } from '../actions/action.ts'
import type { Asking } from '../access/asking.ts'
import { shorten } from '../blocks/escape.ts'
import { withoutMentions } from '../blocks/rich.ts'
import type { SlackDeps } from '../deps.ts'
import { UserError, type UserAnswer } from '../../mesh/user-error.ts'
import { defined } from '../../mesh/defined.ts'

const Where = z.object({ channel: z.string(), team: z.string().optional(), change: z.string() })

/** Throws why a change takes no decision any more. Whether this person may is decided where the job runs. @throws UserError */
export function refuseDecided(change: ChangeRecord): void {
  const denied = denyState(change, 'reject', Date.now())
  if (denied !== undefined) throw denied
}

/** Opens a modal about a change; its private_metadata is an opaque id, as a button's. */
export async function openChangeView(
  deps: SlackDeps,
  { channel, team }: Asking,
  { trigger, button }: Press,
  change: ChangeRecord,
  view: (where: string) => ModalView,
): Promise<void> {
  if (trigger === undefined)
    throw new UserError({
      why: 'Slack did not allow a dialog to be opened.',
      remedies: ['Press the button again.'],
    })
  const payload = { channel, change: change.id, ...defined({ team }) }
  const where = await mintButton(deps.records, { act: `${button.act}-view`, payload, run: change.run, uses: 'many' })
  try {
    await deps.slack.patiently('views.open', (client) => client.views.open({ trigger_id: trigger, view: view(where) }))
  } catch (error) {
    const reason = error instanceof WebAPIPlatformError ? error.data.error : undefined
    // An answer was lost, not the call: a trigger opens one view, and has.
    if (reason === 'exchanged_trigger_id') return
    if (reason !== 'expired_trigger_id') throw error
    throw new UserError(
      { why: 'Slack did not open the dialog in time.', remedies: ['Press the button again.'] },
      { cause: error },
    )
  }
}

/** The change a modal is about, with the channel it was opened in; undefined when the id is not one of ours. */
export async function changeOfView(
  records: Records,
  id: string,
  act: string,
): Promise<{ change: ChangeRecord; channel: string } | undefined> {
  const answer = await readButton(records, id)
  if (!answer.ok || answer.button.act !== `${act}-view`) return undefined
  const where = Where.parse(answer.button.payload)
  const change = await readChange(records, where.change)
  return change === undefined ? undefined : { change, channel: where.channel }
}

/** Said when a modal comes back whose change is not known any more. */
export const viewForgotten = (): UserError =>
  new UserError({
    why: 'It is no longer known which change this was about.',
    remedies: ['Press the button under the proposal again.'],
  })

/** Says something under a field of a modal; Slack shows at most so many characters there. */
export const sayUnder = (
  block: string,
  { why, remedies = [] }: UserAnswer,
): { response_action: 'errors'; errors: Record<string, string> } => ({
  response_action: 'errors',
  errors: { [block]: shorten(withoutMentions([why, ...remedies].join(' ')), 1500) },
})
