import type { AckFn, ViewResponseAction } from '@slack/bolt'
import { z } from 'zod'
import type { RunRequest } from '../../capabilities/index.ts'
import { defined } from '../../mesh/defined.ts'
import { UserError } from '../../mesh/user-error.ts'
import { readButton } from '../../store/buttons.ts'
import { readRun, type RunRecord } from '../../store/runs.ts'
import type { Asking } from '../access/asking.ts'
import { orTell } from '../access/or-tell.ts'
import type { SlackDeps } from '../deps.ts'
import { startRun } from '../thread/start-run.ts'
import { MINUTES_BLOCK } from './elements.ts'
import { chosen, type SubmittedView, type Submitter } from './submitted.ts'

const Where = z.object({ channel: z.string() })

/** Of which diagnosis something is lent: what every request for it begins with. */
interface Lent {
  text: string
  of: string
  namespace?: string
  target?: NonNullable<RunRecord['request']['target']>
}

/** A modal below a diagnosis that asks what to lend, and for how long. */
export interface LeaseModal {
  /** callback_id of the modal, and what its button does. */
  id: string
  /** `raise the log level`: what could not be done, when it fails. */
  what: string
  /** What to type instead when nobody knows any more what it was about. */
  command: string
  /** @param minutes absent when none were chosen */
  request: (lent: Lent, view: SubmittedView, minutes: { minutes?: number }) => RunRequest
}

/** Takes what was chosen and has a worker lend it, in the thread of the diagnosis. Never rejects. */
export async function submitLease(
  { id, what, command, request }: LeaseModal,
  deps: SlackDeps,
  person: Submitter,
  view: SubmittedView,
  ack: AckFn<ViewResponseAction>,
): Promise<void> {
  await ack()
  const home = await readButton(deps.records, view.private_metadata).catch(() => undefined)
  const where = home?.ok === true && home.button.act === id ? Where.safeParse(home.button.payload).data : undefined
  const run =
    home?.ok === true && home.button.run !== undefined ? await readRun(deps.records, home.button.run) : undefined
  const asking: Asking = { ...person, channel: where?.channel ?? person.user, thread: run?.thread }
  await orTell(deps, asking, what, async () => {
    if (where === undefined || run === undefined)
      throw new UserError({ why: 'It is no longer known which diagnosis this was about.', commands: [command] })
    const { text, namespace, target } = run.request
    const minutes = Number(chosen(view, MINUTES_BLOCK))
    await startRun(
      deps,
      asking,
      request(
        { text, of: run.id, ...defined({ namespace, target }) },
        view,
        Number.isFinite(minutes) ? { minutes } : {},
      ),
    )
  })
}
