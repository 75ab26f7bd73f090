import { CallerError } from '../../diagnosis/follow/caller.ts'
import { AmbiguousTargetError, UnknownTargetError } from '../../diagnosis/resolve-target.ts'
import type { RunRequest } from '../../store/runs.ts'
import type { Refusal } from '../blocks/refusal.ts'
import { refusalOf } from './refusal-of.ts'

/** `/mesh follow` as it was typed, but for what is given otherwise. */
function followCommand(
  { text, namespace, follow: { from, method, headers = [] } = {} }: RunRequest,
  otherwise: { text?: string; namespace?: string; from?: string } = {},
): string {
  const caller = otherwise.from ?? from
  const scope = otherwise.namespace ?? namespace
  const added = headers.map((header) => ` --header ${/\s/.test(header) ? `'${header}'` : header}`)
  return `/mesh follow ${otherwise.text ?? text}${scope === undefined ? '' : ` -n ${scope}`}${caller === undefined ? '' : ` --from ${caller}`}${method === undefined ? '' : ` --method ${method}`}${added.join('')}`
}

/** What to tell a person about a run that has no answer: commands are for what was asked. */
export function refusalOfRun(error: unknown, request: RunRequest): Refusal {
  if (request.kind !== 'follow') return refusalOf(error, request.text)
  if (error instanceof CallerError)
    return { why: error.message, commands: error.callers.slice(0, 5).map((from) => followCommand(request, { from })) }
  if (error instanceof AmbiguousTargetError)
    return {
      why: error.message,
      commands: error.choices.slice(0, 10).map(({ namespace = '' }) => followCommand(request, { namespace })),
    }
  if (error instanceof UnknownTargetError) {
    const { form } = error.query
    return {
      why: error.message,
      commands: error.nearest
        .slice(0, 5)
        .map((name) =>
          followCommand(request, form === 'deploy' || form === 'pod' ? { from: `${form}/${name}` } : { text: name }),
        ),
    }
  }
  return refusalOf(error, request.text)
}
