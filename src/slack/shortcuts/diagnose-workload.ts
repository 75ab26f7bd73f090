import type { MessageShortcut } from '@slack/bolt'
import { setTimeout as pause } from 'node:timers/promises'
import { mintButton } from '../../store/buttons.ts'
import type { Asking } from '../access/asking.ts'
import { orTell } from '../access/or-tell.ts'
import type { SlackDeps } from '../deps.ts'
import { guessTarget } from '../access/guess-target.ts'
import { diagnoseWorkloadView, DIAGNOSE_WORKLOAD } from '../modals/diagnose-workload.ts'
import { defined } from '../../mesh/defined.ts'

/** A modal has to be opened within 3 s; milliseconds that a guess may take of them. */
const GUESS_WITHIN = 1000

/** Opens the modal of “Diagnose a workload”, with a guess at what the message is about. Never rejects. */
export async function openDiagnoseWorkload(
  deps: SlackDeps,
  asking: Asking,
  { message, trigger_id }: MessageShortcut,
): Promise<void> {
  await orTell(deps, asking, 'Diagnose a workload', async () => {
    const services = await Promise.race([deps.directory.services(), pause(GUESS_WITHIN, [])])
    const thread = typeof message.thread_ts === 'string' ? message.thread_ts : message.ts
    const payload = { channel: asking.channel, thread, ...defined({ team: asking.team }) }
    const where = await mintButton(deps.records, { act: DIAGNOSE_WORKLOAD, payload, uses: 'many' })
    await deps.slack.patiently('views.open', (client) =>
      client.views.open({ trigger_id, view: diagnoseWorkloadView(where, guessTarget(message.text ?? '', services)) }),
    )
  })
}
