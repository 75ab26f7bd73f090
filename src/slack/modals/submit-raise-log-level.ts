import type { AckFn, ViewResponseAction } from '@slack/bolt'
import { z } from 'zod'
import { readButton } from '../../store/buttons.ts'
import { readRun } from '../../store/runs.ts'
import type { Asking } from '../access/asking.ts'
import { orTell } from '../access/or-tell.ts'
import type { SlackDeps } from '../deps.ts'
import { UserError } from '../../mesh/user-error.ts'
import { startRun } from '../thread/start-run.ts'
import { LEVEL_BLOCK, LOGGERS_BLOCK, MINUTES_BLOCK, PROXIES_BLOCK, RAISE_LOG_LEVEL } from './raise-log-level.ts'
import { defined } from '../../mesh/defined.ts'
import type { SubmittedView, Submitter } from './submitted.ts'

const Where = z.object({ channel: z.string() })

const chosen = (view: SubmittedView, block: string): string | undefined =>
  view.state.values[block]?.chosen?.selected_option?.value
const chosenAll = (view: SubmittedView, block: string): string[] =>
  (view.state.values[block]?.chosen?.selected_options ?? []).map(({ value }) => value)

/** Takes what was chosen and has a worker raise it, in the thread of the diagnosis. Never rejects. */
export async function submitRaiseLogLevel(
  deps: SlackDeps,
  person: Submitter,
  view: SubmittedView,
  ack: AckFn<ViewResponseAction>,
): Promise<void> {
  await ack()
  const home = await readButton(deps.records, view.private_metadata).catch(() => undefined)
  const where =
    home?.ok === true && home.button.act === RAISE_LOG_LEVEL ? Where.safeParse(home.button.payload).data : undefined
  const run =
    home?.ok === true && home.button.run !== undefined ? await readRun(deps.records, home.button.run) : undefined
  const asking: Asking = { ...person, channel: where?.channel ?? person.user, thread: run?.thread }
  await orTell(deps, asking, 'raise the log level', async () => {
    if (where === undefined || run === undefined)
      throw new UserError({
        why: 'It is no longer known which diagnosis this was about.',
        commands: ['/mesh log-level TARGET http:debug'],
      })
    const level = chosen(view, LEVEL_BLOCK) ?? 'debug'
    const minutes = Number(chosen(view, MINUTES_BLOCK))
    const { text, namespace, target } = run.request
    await startRun(deps, asking, {
      kind: 'raise-log-levels',
      text,
      of: run.id,
      ...defined({ namespace, target }),
      raise: {
        levels: Object.fromEntries(chosenAll(view, LOGGERS_BLOCK).map((logger) => [logger, level])),
        pods: chosenAll(view, PROXIES_BLOCK),
        ...(Number.isFinite(minutes) && { minutes }),
      },
    })
  })
}
