import { setTimeout as pause } from 'node:timers/promises'
import { isNotedLately } from '../../store/audit.ts'
import { claimTarget, releaseTarget } from '../../store/claims.ts'
import { capabilityOf, type RunRequest } from '../../capabilities/index.ts'
import type { AnyCapability } from '../../capabilities/capability.ts'
import { noteLastRun } from '../../store/last-runs.ts'
import { abandonPost } from '../../store/posts.ts'
import { StoreUnavailableError } from '../../store/records.ts'
import {
  createRun,
  createRunOnce,
  isFinished,
  readRun,
  updateRun,
  type RunRecord,
  type StoredRequest,
} from '../../store/runs.ts'
import { notAccepted } from '../access/user-error-of.ts'
import { respondOnly } from '../access/soon-heard.ts'
import { tell, type Asking } from '../access/asking.ts'
import { noteMessage } from '../blocks/refusal.ts'
import { answerOf, spokenOf } from '../answers/index.ts'
import type { SlackDeps } from '../deps.ts'
import { requireRole } from '../access/require-role.ts'
import { SlackUnavailableError } from '../transport/slack-trouble.ts'
import { linkToRun } from './link-to-run.ts'
import { SlackThread } from './thread.ts'
import { defined } from '../../mesh/defined.ts'

/** How long a run that was just begun elsewhere may take to have its message; milliseconds. */
const MESSAGE_DUE = 3000

/**
 * Begins a run: record, claim, queue, message. It is in the queue before anything is posted, so that a process that dies in between
 * leaves nothing unanswered. Joins the run about the same when there is one.
 * @throws UserError, ChannelClosedError, when nothing is left running; StoreUnavailableError, when it may be
 */
export async function startRun(deps: SlackDeps, asking: Asking, request: RunRequest): Promise<void> {
  await requireRole(deps, asking, known(request), request)
  const begun = deps.startBarrier.begin()
  try {
    const asked = await recordOf(deps, asking, request)
    if (await begin(deps, asking, asked)) await noteAsked(deps, asked)
  } finally {
    begun()
  }
}

/**
 * Begins a run that shows itself only once it is allowed: record and queue, no message and no claim.
 * @throws UserError, when nothing is left running; StoreUnavailableError, when it may be
 */
export async function startQuietly(deps: SlackDeps, asking: Asking, request: RunRequest): Promise<void> {
  const asked = await recordOf(deps, asking, request)
  const { run } = asked
  if (!isFinished(run))
    try {
      await deps.queue.enqueue({ run: run.id, kind: run.request.kind })
    } catch (error) {
      throw (await endAnyway(deps, run)) ? certain(error) : error
    }
  await noteAsked(deps, asked)
}

/**
 * Begins a run that nobody asked for, once for `asked`: record, queue, message.
 * @throws ChannelClosedError; StoreUnavailableError, when it may be begun
 */
export async function startUnasked(
  deps: SlackDeps,
  asked: string,
  run: Pick<RunRecord<RunRequest>, 'request' | 'asker' | 'channel' | 'thread'>,
): Promise<RunRecord> {
  const begun = deps.startBarrier.begin()
  try {
    const made = await createRunOnce(deps.records, asked, run)
    if (!isFinished(made.run)) {
      const thread = new SlackThread(deps, made.run)
      if (!made.isAgain) await thread.intend()
      await deps.queue.enqueue({ run: made.run.id, kind: run.request.kind })
      if (!made.isAgain)
        try {
          await thread.openOrThrow({ isNew: true })
        } catch (error) {
          if (error instanceof StoreUnavailableError || error instanceof SlackUnavailableError)
            deps.log.warn({ err: error, run: made.run.id }, 'a run begins without its message')
          else throw error
        }
    }
    await noteAsked(deps, { ...made, run: { ...made.run, request: run.request } })
    return made.run
  } finally {
    begun()
  }
}

/** A run as it is stored; `isAgain` when a process that ended had stored it for the same request. */
interface Asked {
  run: RunRecord
  isAgain: boolean
}

async function recordOf(
  { records }: SlackDeps,
  { user, team, channel, thread, request: asked }: Asking,
  request: RunRequest,
): Promise<Asked> {
  const run = { request, asker: { user, ...defined({ team }) }, channel, ...defined({ thread }) }
  if (asked !== undefined && asked !== '') return createRunOnce(records, asked, run)
  return { run: await createRun(records, run), isAgain: false }
}

async function noteAsked({ audit, records, log }: SlackDeps, { run, isAgain }: Asked): Promise<void> {
  const { id, request, asker, channel } = run
  // Only what is shown as a list depends on it.
  await noteLastRun(records, run).catch((err: unknown) => {
    log.warn({ err, run: id }, 'a run was not noted among the last ones')
  })
  const { kind, text, target } = request
  const { audit: noted } = known(request)
  if (isAgain && (await isNotedLately(records, noted.asked, id))) return
  await audit({
    event: noted.asked,
    by: asker,
    run: id,
    ...(target !== undefined && { target: target.key }),
    facts: { kind, text, channel, ...noted.facts?.(request) },
  })
}

/** What a request asks for. */
function known({ kind }: StoredRequest): AnyCapability {
  const capability = capabilityOf(kind)
  if (capability === undefined) throw new TypeError(`nothing is asked by ${kind}`)
  return capability
}

/** Claim, queue, message; nothing for a run that was begun by a process that ended, and is over. @returns false when another run was joined */
async function begin(deps: SlackDeps, asking: Asking, { run, isAgain }: Asked): Promise<boolean> {
  if (isFinished(run)) return true
  const { request } = run
  const claim = known(request).claim?.(request)
  if (claim !== undefined) {
    const holder = await claimTarget(deps.records, claim, run.id)
    if (holder !== run.id) {
      await join(deps, asking, run, holder)
      return false
    }
  }
  const thread = new SlackThread(deps, run)
  try {
    await thread.intend()
    await deps.queue.enqueue({ run: run.id, kind: request.kind })
    // What a process that ended has posted, the worker looks for.
    if (!isAgain) await openThread(deps, asking, thread)
  } catch (error) {
    throw (await undo(deps, run)) ? certain(error) : error
  }
  return true
}

/**
 * Posts the run's message; where Slack does not answer for now, the worker does it later. Where the store does not, the message may stand there already: the worker
 * looks for it, as the run is stored and in the queue.
 */
async function openThread(deps: SlackDeps, asking: Asking, thread: SlackThread): Promise<void> {
  try {
    await thread.openOrThrow({ isNew: true })
  } catch (error) {
    if (error instanceof StoreUnavailableError) {
      deps.log.warn({ err: error }, 'it could not be stored that a run has its message')
      return
    }
    if (!(error instanceof SlackUnavailableError)) throw error
    deps.log.warn({ err: error }, 'a run begins without its message')
    await respondOnly(
      deps,
      asking,
      'Slack does not accept messages from the bot at the moment. The work has begun; its message appears as soon as Slack accepts messages again.',
    )
  }
}

/** A run that has ended is worked on by nobody: what the store did not do, it does not do later. */
const certain = (error: unknown): unknown => (error instanceof StoreUnavailableError ? notAccepted(error) : error)

/** @returns whether it is certain that nobody has worked on the run, or will */
async function undo(deps: SlackDeps, run: RunRecord): Promise<boolean> {
  const isEnded = await endAnyway(deps, run)
  await abandonPost(deps.records, run.id, 'parent').catch(() => undefined)
  return isEnded
}

async function endAnyway(deps: SlackDeps, run: RunRecord): Promise<boolean> {
  try {
    return await end(deps, run)
  } catch (err) {
    // The store is away, which is why we are here: the sweep finds the run when it is back.
    deps.log.warn({ err, run: run.id }, 'a run that did not begin could not be ended')
    return false
  }
}

/** @returns whether nobody had begun to work on it */
async function end({ records }: SlackDeps, run: RunRecord): Promise<boolean> {
  let wasBegun = false
  await updateRun(records, run.id, (now) => {
    wasBegun = now.state !== 'queued'
    return isFinished(now) ? undefined : { ...now, state: 'cancelled', finishedAt: new Date().toISOString() }
  })
  const claim = known(run.request).claim?.(run.request)
  if (claim !== undefined) await releaseTarget(records, claim, run.id)
  return !wasBegun
}

/** Points to the run that is already about the same. */
async function join(deps: SlackDeps, asking: Asking, run: RunRecord, holder: string): Promise<void> {
  try {
    const url = await linkTo(deps, holder)
    const { subject } = spokenOf(run)
    const says = answerOf(run.request).joined?.(subject) ?? `${subject} is already being worked on.`
    await tell(
      deps,
      asking,
      url === undefined
        ? noteMessage(`${says} Its thread will appear soon.`)
        : noteMessage(says, { url, label: 'Its thread' }),
    )
  } finally {
    // Last: a run that has ended is not begun, nor told about, again.
    await end(deps, run)
  }
}

/** Permalink of a run's thread, once it has one. */
async function linkTo(deps: SlackDeps, id: string): Promise<string | undefined> {
  for (const late = Date.now() + MESSAGE_DUE; ;) {
    const run = await readRun(deps.records, id)
    if (run?.thread !== undefined) return linkToRun(deps, run)
    if (Date.now() > late) return undefined
    await pause(100)
  }
}
