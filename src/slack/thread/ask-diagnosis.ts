import { AmbiguousTargetError } from '../../diagnosis/target-errors.ts'
import { parseTarget } from '../../mesh/target-query.ts'
import { targetKey, type Target } from '../../mesh/target.ts'
import type { DiagnoseRequest } from '../../capabilities/diagnose.ts'
import { tell, type Asking } from '../access/asking.ts'
import { choicesMessage, MOST_CHOICES } from '../blocks/choices.ts'
import type { SlackDeps } from '../deps.ts'
import { chooseTargetButton } from '../answers/run-buttons.ts'
import { startRun } from './start-run.ts'
import { defined } from '../../mesh/defined.ts'

/** A target as it was typed. */
export interface AskedTarget {
  text: string
  namespace?: string | undefined
  /** True to send requests of our own. */
  probe?: boolean | undefined
  /** Seconds of traffic that count. */
  window?: number | undefined
}

/**
 * Looks the target up and begins its diagnosis; where several namespaces have it, asks which one.
 * @throws TargetSyntaxError, UnknownTargetError, UserError, StoreUnavailableError, ChannelClosedError
 */
export async function askDiagnosis(deps: SlackDeps, asking: Asking, asked: AskedTarget): Promise<void> {
  const query = parseTarget(asked.text, asked.namespace)
  try {
    await startRun(deps, asking, requestFor(asked, await deps.directory.target(query)))
  } catch (error) {
    if (!(error instanceof AmbiguousTargetError)) throw error
    await offerChoices(deps, asking, asked, error)
  }
}

/** A diagnosis of a target that was found. */
export function requestFor({ text, namespace, probe, window }: AskedTarget, target: Target): DiagnoseRequest {
  const { ref } = target
  return {
    kind: 'diagnose',
    text,
    ...defined({ namespace, window }),
    ...(probe === true && { probe }),
    target: { key: targetKey(target), kind: ref.kind, namespace: ref.namespace ?? '', name: ref.name },
  }
}

async function offerChoices(
  deps: SlackDeps,
  asking: Asking,
  { text, probe, window }: AskedTarget,
  { choices }: AmbiguousTargetError,
): Promise<void> {
  const namespaces = choices.map(({ namespace = '' }) => namespace).toSorted()
  const buttons =
    namespaces.length > MOST_CHOICES
      ? []
      : await Promise.all(
          namespaces.map((namespace, index) =>
            chooseTargetButton(deps.records, asking, { text, namespace, ...defined({ probe, window }) }, index),
          ),
        )
  await tell(deps, asking, choicesMessage(text, namespaces, buttons))
}
