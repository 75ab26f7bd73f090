import type { AckFn, ViewResponseAction } from '@slack/bolt'
import { z } from 'zod'
import { AmbiguousTargetError, UnknownTargetError } from '../../diagnosis/target-errors.ts'
import { parseTarget, TargetSyntaxError } from '../../mesh/target-query.ts'
import type { Target } from '../../mesh/target.ts'
import { readButton } from '../../store/buttons.ts'
import { requestFor, type AskedTarget } from '../thread/ask-diagnosis.ts'
import type { Asking } from '../access/asking.ts'
import { orTell } from '../access/or-tell.ts'
import type { SlackDeps } from '../deps.ts'
import { UserError } from '../../mesh/user-error.ts'
import { userErrorOf } from '../access/user-error-of.ts'
import { startRun } from '../thread/start-run.ts'
import { DIAGNOSE_WORKLOAD, NAMESPACE_BLOCK, TARGET_BLOCK } from './diagnose-workload.ts'
import type { SubmittedView, Submitter } from './submitted.ts'

const Where = z.object({ channel: z.string(), thread: z.string().optional() })

/** Milliseconds a look-up may take before the modal has to be answered. */
const LOOK_UP_WITHIN = 2000

/** What was typed into one of the modal's fields. */
function typed(view: SubmittedView, block: string): string | undefined {
  const value = view.state.values[block]?.typed?.value?.trim()
  return value === undefined || value === '' ? undefined : value
}

/** Takes the modal's answer: what is wrong with it is said under its field, else the diagnosis begins. Never rejects. */
export async function submitDiagnoseWorkload(
  deps: SlackDeps,
  person: Submitter,
  view: SubmittedView,
  ack: AckFn<ViewResponseAction>,
): Promise<void> {
  const asked: AskedTarget = { text: typed(view, TARGET_BLOCK) ?? '', namespace: typed(view, NAMESPACE_BLOCK) }
  const target = await lookUp(deps, asked)
  if (typeof target === 'object' && 'block' in target) {
    await ack({ response_action: 'errors', errors: { [target.block]: target.says.slice(0, 1500) } })
    return
  }
  await ack()
  const home = await readButton(deps.records, view.private_metadata).catch(() => undefined)
  const where =
    home?.ok === true && home.button.act === DIAGNOSE_WORKLOAD ? Where.parse(home.button.payload) : undefined
  const asking: Asking = { ...person, channel: where?.channel ?? person.user, thread: where?.thread }
  await orTell(deps, asking, asked.text, async () => {
    if (where === undefined)
      throw new UserError({
        why: 'It is no longer known which message this was about.',
        remedies: ['Choose “Diagnose a workload” in the menu of the message again.'],
      })
    await startRun(
      deps,
      asking,
      requestFor(asked, target ?? (await deps.directory.target(parseTarget(asked.text, asked.namespace)))),
    )
  })
}

/** True for an error that another namespace would mend. */
const isOfNamespace = (error: unknown): boolean =>
  error instanceof AmbiguousTargetError ||
  (error instanceof UnknownTargetError && error.missing === 'namespace') ||
  (error instanceof TargetSyntaxError && error.field === 'namespace')

/** The target, or what is wrong and under which field to say it; undefined when the cluster is slow to tell. */
async function lookUp(
  { directory }: SlackDeps,
  { text, namespace }: AskedTarget,
): Promise<Target | { block: string; says: string } | undefined> {
  try {
    const found = directory.target(parseTarget(text, namespace))
    return await Promise.race([
      found,
      new Promise<undefined>((resolve) => {
        setTimeout(resolve, LOOK_UP_WITHIN, undefined)
      }),
    ])
  } catch (error) {
    const { why, remedies } = userErrorOf(error, text)
    return { block: isOfNamespace(error) ? NAMESPACE_BLOCK : TARGET_BLOCK, says: [why, ...remedies].join(' ') }
  }
}
