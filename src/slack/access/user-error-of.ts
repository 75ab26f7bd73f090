import { CallerError } from '../../diagnosis/follow/caller.ts'
import { FollowSyntaxError } from '../../diagnosis/follow/question.ts'
import { UnknownNamespaceError } from '../../diagnosis/mesh-status.ts'
import { AmbiguousTargetError, UnknownTargetError } from '../../diagnosis/target-errors.ts'
import { ruleFor } from '../../evidence/permission-rule.ts'
import type { Blind } from '../../evidence/reading.ts'
import { TargetSyntaxError } from '../../mesh/target-query.ts'
import { UserError } from '../../mesh/user-error.ts'
import { StoreUnavailableError } from '../../store/records.ts'
import { isRefusedBySlack, SlackUnavailableError } from '../transport/slack-trouble.ts'

const FOLLOW_EXAMPLES = [
  '/mesh follow catalog.example.com/items --from ingress',
  '/mesh follow catalog -n shop --from deploy/webapp',
]

/** Says how a target that was found otherwise would be asked for: `/mesh diagnose catalog -n shop`. */
export type CommandFor = (target: string) => string

const diagnoseTarget: CommandFor = (target) => `/mesh diagnose ${target}`

/** `NAME -n NAMESPACE` for a name as UnknownTargetError gives it. */
function targetNear(nearest: string, query: UnknownTargetError['query']): string {
  const form = query.form === 'deploy' ? 'deploy/' : query.form === 'pod' ? 'pod/' : ''
  const [name = nearest, namespace] = form === '' || query.form === 'pod' ? [nearest] : nearest.split('.')
  const scope = namespace ?? (nearest.includes('.') ? undefined : query.namespace)
  return `${form}${name}${scope === undefined ? '' : ` -n ${scope}`}`
}

/** Lines that would work instead of what an error is about; undefined when the error says them itself. */
function commandsFor(error: UserError, typed: string, command: CommandFor): readonly string[] | undefined {
  if (error instanceof CallerError)
    return error.callers.slice(0, 5).map((caller) => `/mesh follow ${typed} --from ${caller}`)
  if (error instanceof UnknownTargetError)
    return error.nearest.map((name) =>
      command(error.missing === 'namespace' ? `${error.query.text} -n ${name}` : targetNear(name, error.query)),
    )
  if (error instanceof AmbiguousTargetError)
    return error.choices.slice(0, 10).map(({ namespace = '' }) => command(`${typed} -n ${namespace}`))
  if (error instanceof UnknownNamespaceError) return error.nearest.map((name) => `/mesh status ${name}`)
  if (error instanceof FollowSyntaxError) return FOLLOW_EXAMPLES
  return error instanceof TargetSyntaxError ? [command('catalog -n shop'), '/mesh help'] : undefined
}

const STORE_REMEDIES = [
  'Administrators: check Redis (REDIS_URL) and its log.',
  'In a terminal, mesh-medic diagnose needs neither Slack nor Redis.',
]

/** The store does not answer, and nothing of what was asked for is there. */
export const notAccepted = (cause: unknown): UserError =>
  new UserError(
    {
      why: 'mesh-medic cannot accept this now: its store and queue do not answer.',
      remedies: ['Nothing was done. Try again in a minute.', ...STORE_REMEDIES],
    },
    { cause, code: 'not-accepted' },
  )

/** The store did not answer when a command was to be accepted; the inbox tells what became of it. */
export const notKnownWhetherAccepted = (cause: unknown): UserError =>
  new UserError(
    {
      why: 'It is not known whether mesh-medic accepted this: its store and queue do not answer.',
      remedies: ['Once they do, the answer follows here, or a note that nothing was done.', ...STORE_REMEDIES],
    },
    { cause, code: 'not-known' },
  )

/** The store does not answer any more, and something of what was asked for may be there, or may still come. */
const notKnown = (cause: unknown): UserError =>
  new UserError(
    {
      why: 'It is not known whether mesh-medic has begun this: its store and queue do not answer.',
      remedies: [
        'If it has, what comes of it appears once they do. If nothing has a minute later, ask again.',
        ...STORE_REMEDIES,
      ],
    },
    { cause, code: 'not-known' },
  )

/**
 * What to tell a person about an error, with lines that can be typed here. The text of an error that was not made for people is not shown.
 * @param typed the target as it was typed
 */
export function userErrorOf(error: unknown, typed: string, command: CommandFor = diagnoseTarget): UserError {
  if (error instanceof UserError) {
    const commands = commandsFor(error, typed, command)
    return commands === undefined
      ? error
      : new UserError({ why: error.why, commands }, { code: error.code, cause: error })
  }
  const options = { cause: error }
  if (error instanceof StoreUnavailableError) return notKnown(error)
  if (error instanceof SlackUnavailableError)
    return new UserError(
      { why: 'Slack does not accept messages at the moment.', remedies: ['Try again in a minute.'] },
      options,
    )
  if (isRefusedBySlack(error))
    return new UserError(
      {
        why: `Slack refuses this: ${error.data.error.slice(0, 100)}.`,
        remedies: ["Ask in another channel; if it happens again, tell the bot's administrator."],
      },
      options,
    )
  return new UserError(
    {
      why: "Internal error; see the bot's log.",
      remedies: ["Try again; if it happens again, tell the bot's administrator."],
    },
    options,
  )
}

/** Why the cluster could not be asked about a target, and what would help. */
export function blindError({ source, reason, detail, permission }: Blind): UserError {
  const why = `The cluster could not be read: ${detail}`
  if (reason === 'forbidden') {
    const rule =
      permission === undefined
        ? []
        : [
            `Missing rule (${permission.namespace === undefined ? 'ClusterRole' : `Role in ${permission.namespace}`}): ${ruleFor(permission)}`,
          ]
    return new UserError({
      why,
      remedies: [
        ...rule,
        "Add it to the role of the bot's service account (deploy/ has the whole list); /mesh doctor says what else is missing.",
      ],
    })
  }
  const remedy =
    reason === 'unparsable'
      ? 'Something between the bot and the API server modifies its answers.'
      : 'See whether the API server answers at all, and whether the bot can reach it:'
  return new UserError({ why, remedies: [remedy], commands: [source, '/mesh doctor'] })
}
