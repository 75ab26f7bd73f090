import type { AckFn, ViewResponseAction } from '@slack/bolt'
import { z } from 'zod'
import { UserError } from '../../mesh/user-error.ts'
import { readButton } from '../../store/buttons.ts'
import type { Asking } from '../access/asking.ts'
import { orTell } from '../access/or-tell.ts'
import type { SlackDeps } from '../deps.ts'
import { silence } from '../incidents/silence.ts'
import { MINUTES_BLOCK } from './elements.ts'
import { SILENCE_INCIDENT, SILENCE_MINUTES } from './silence-incident.ts'
import { chosen, type SubmittedView, type Submitter } from './submitted.ts'

const Where = z.object({ channel: z.string(), subject: z.string(), id: z.string() })

/** Silences an incident for as long as was chosen. Never rejects. */
export async function submitSilenceIncident(
  deps: SlackDeps,
  person: Submitter,
  view: SubmittedView,
  ack: AckFn<ViewResponseAction>,
): Promise<void> {
  await ack()
  const home = await readButton(deps.records, view.private_metadata).catch(() => undefined)
  const where =
    home?.ok === true && home.button.act === `${SILENCE_INCIDENT}-view`
      ? Where.safeParse(home.button.payload).data
      : undefined
  const asking: Asking = { ...person, channel: where?.channel ?? person.user }
  await orTell(deps, asking, 'silence', async () => {
    const minutes = Number(chosen(view, MINUTES_BLOCK))
    if (where === undefined || !SILENCE_MINUTES.includes(minutes))
      throw new UserError({
        why: 'It is no longer known which incident this was about.',
        remedies: ['Press the button under it again.'],
      })
    await silence(deps, asking, where, minutes)
    deps.incidentChanged?.(where.subject)
  })
}
