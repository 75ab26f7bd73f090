import type { AckFn, ViewResponseAction } from '@slack/bolt'
import { z } from 'zod'
import { defined } from '../../mesh/defined.ts'
import { UserError } from '../../mesh/user-error.ts'
import { readButton } from '../../store/buttons.ts'
import { readRun } from '../../store/runs.ts'
import type { Asking } from '../access/asking.ts'
import { orTell } from '../access/or-tell.ts'
import type { SlackDeps } from '../deps.ts'
import { startRun } from '../thread/start-run.ts'
import type { SubmittedView, Submitter } from './submitted.ts'
import {
  ANY_PROVIDER,
  MINUTES_BLOCK,
  PROVIDER_BLOCK,
  TURN_ON_ACCESS_LOGS,
  WORKLOAD_BLOCK,
} from './turn-on-access-logs.ts'

const Where = z.object({ channel: z.string() })

const chosen = (view: SubmittedView, block: string): string | undefined =>
  view.state.values[block]?.chosen?.selected_option?.value

/** Takes what was chosen and has a worker turn it on, in the thread of the diagnosis. Never rejects. */
export async function submitTurnOnAccessLogs(
  deps: SlackDeps,
  person: Submitter,
  view: SubmittedView,
  ack: AckFn<ViewResponseAction>,
): Promise<void> {
  await ack()
  const home = await readButton(deps.records, view.private_metadata).catch(() => undefined)
  const where =
    home?.ok === true && home.button.act === TURN_ON_ACCESS_LOGS ? Where.safeParse(home.button.payload).data : undefined
  const run =
    home?.ok === true && home.button.run !== undefined ? await readRun(deps.records, home.button.run) : undefined
  const asking: Asking = { ...person, channel: where?.channel ?? person.user, thread: run?.thread }
  await orTell(deps, asking, 'turn on access logs', async () => {
    if (where === undefined || run === undefined)
      throw new UserError({
        why: 'It is no longer known which diagnosis this was about.',
        commands: ['/mesh access-log TARGET on'],
      })
    const minutes = Number(chosen(view, MINUTES_BLOCK))
    const provider = chosen(view, PROVIDER_BLOCK)
    const { text, namespace, target } = run.request
    await startRun(deps, asking, {
      kind: 'turn-on-access-logs',
      text,
      of: run.id,
      ...defined({ namespace, target, workload: chosen(view, WORKLOAD_BLOCK) }),
      ...(provider !== undefined && provider !== ANY_PROVIDER && { provider }),
      ...(Number.isFinite(minutes) && { minutes }),
    })
  })
}
