import { CallerError } from '../../diagnosis/follow/caller.ts'
import { FollowSyntaxError } from '../../diagnosis/follow/question.ts'
import { UnknownNamespaceError } from '../../diagnosis/mesh-status.ts'
import { AmbiguousTargetError, UnknownTargetError } from '../../diagnosis/resolve-target.ts'
import { ruleFor } from '../../evidence/permission-rule.ts'
import type { Blind } from '../../evidence/reading.ts'
import { LeaseRefusedError } from '../../leases/lease-refused.ts'
import { TargetSyntaxError } from '../../mesh/target-query.ts'
import { StoreUnavailableError } from '../../store/records.ts'
import type { Refusal } from '../blocks/refusal.ts'
import { ChannelClosedError, SlackUnavailableError } from '../transport/slack-trouble.ts'

const FOLLOW_EXAMPLES = [
  '/mesh follow catalog.example.com/items --from ingress',
  '/mesh follow catalog -n shop --from deploy/webapp',
]

/** Something that cannot be done, with what would work. */
export class RefusalError extends Error {
  override readonly name = 'RefusalError'
  readonly refusal: Refusal
  constructor(refusal: Refusal, options?: ErrorOptions) {
    super(refusal.why, options)
    this.refusal = refusal
  }
}

/** `/mesh diagnose NAME -n NAMESPACE` for a name as UnknownTargetError gives it. */
function diagnoseCommand(nearest: string, query: UnknownTargetError['query']): string {
  const form = query.form === 'deploy' ? 'deploy/' : query.form === 'pod' ? 'pod/' : ''
  const [name = nearest, namespace] = form === '' || query.form === 'pod' ? [nearest] : nearest.split('.')
  const scope = namespace ?? (nearest.includes('.') ? undefined : query.namespace)
  return `/mesh diagnose ${form}${name}${scope === undefined ? '' : ` -n ${scope}`}`
}

/** True for an error that is no fault of ours. */
export function isForPeople(error: unknown): boolean {
  return [
    RefusalError,
    CallerError,
    LeaseRefusedError,
    UnknownTargetError,
    AmbiguousTargetError,
    UnknownNamespaceError,
    TargetSyntaxError,
    ChannelClosedError,
  ].some((kind) => error instanceof kind)
}

/** What to tell a person about an error. The text of an error that was not made for people is not shown. */
export function refusalOf(error: unknown, typed: string): Refusal {
  if (error instanceof RefusalError) return error.refusal
  if (error instanceof CallerError)
    return {
      why: error.message,
      commands: error.callers.slice(0, 5).map((caller) => `/mesh follow ${typed} --from ${caller}`),
    }
  if (error instanceof LeaseRefusedError) return { why: error.message, remedies: error.remedies }
  if (error instanceof UnknownTargetError) {
    const isNamespace = error.message.includes('no namespace')
    return {
      why: error.message,
      commands: error.nearest.map((name) =>
        isNamespace ? `/mesh diagnose ${error.query.text} -n ${name}` : diagnoseCommand(name, error.query),
      ),
    }
  }
  if (error instanceof AmbiguousTargetError)
    return {
      why: error.message,
      commands: error.choices.slice(0, 10).map(({ namespace = '' }) => `/mesh diagnose ${typed} -n ${namespace}`),
    }
  if (error instanceof UnknownNamespaceError)
    return { why: error.message, commands: error.nearest.map((name) => `/mesh status ${name}`) }
  if (error instanceof FollowSyntaxError) return { why: error.message, commands: FOLLOW_EXAMPLES }
  if (error instanceof TargetSyntaxError)
    return { why: error.message, commands: ['/mesh diagnose catalog -n shop', '/mesh help'] }
  if (error instanceof StoreUnavailableError) {
    return {
      why: 'I cannot take this now: my store and queue do not answer.',
      remedies: [
        'Try again in a minute. Who runs me: look at Redis (REDIS_URL) and at my log.',
        'In a terminal, mesh-medic diagnose needs neither Slack nor Redis.',
      ],
    }
  }
  if (error instanceof ChannelClosedError) return { why: error.message, remedies: [error.remedy] }
  if (error instanceof SlackUnavailableError)
    return { why: 'Slack did not take my messages just now.', remedies: ['Try again in a minute.'] }
  return {
    why: 'I failed at this. It is a fault of mine; my log has more.',
    remedies: ['Try again; if it stays, tell who runs me.'],
  }
}

/** Why the cluster could not be asked about a target, and what would help. */
export function blindRefusal({ source, reason, detail, permission }: Blind): Refusal {
  const why = `I could not look at the cluster: ${detail}`
  if (reason === 'forbidden') {
    const rule =
      permission === undefined
        ? []
        : [
            `Missing rule (${permission.namespace === undefined ? 'ClusterRole' : `Role in ${permission.namespace}`}): ${ruleFor(permission)}`,
          ]
    return {
      why,
      remedies: [
        ...rule,
        'Add it to the role of my service account (deploy/ has the whole list); /mesh doctor says what else is missing.',
      ],
    }
  }
  const remedy =
    reason === 'unparsable'
      ? 'Something between me and the API server changes its answers.'
      : 'See whether the API server answers at all, and whether I can reach it:'
  return { why, remedies: [remedy], commands: [source, '/mesh doctor'] }
}
