import { setTimeout as pause } from 'node:timers/promises'
import { claimTarget, releaseTarget } from '../../store/claims.ts'
import { capabilityOf, type RunRequest } from '../../capabilities/index.ts'
import type { AnyCapability } from '../../capabilities/capability.ts'
import { abandonPost } from '../../store/posts.ts'
import { createRun, readRun, updateRun, type RunRecord, type StoredRequest } from '../../store/runs.ts'
import { respondOnly } from '../access/soon-heard.ts'
import { tell, type Asking } from '../access/asking.ts'
import { noteMessage } from '../blocks/refusal.ts'
import { answerOf, spokenOf } from '../answers/index.ts'
import type { SlackDeps } from '../deps.ts'
import { requireRole } from '../access/require-role.ts'
import { SlackUnavailableError } from '../transport/slack-trouble.ts'
import { SlackThread } from './thread.ts'
import { defined } from '../../mesh/defined.ts'

/** How long a run that was just begun elsewhere may take to have its message; milliseconds. */
const MESSAGE_DUE = 3000

/**
 * Begins a run: record, claim, queue, message. It is in the queue before anything is posted, so that a process that dies in between
 * leaves nothing unanswered. Joins the run about the same when there is one.
 * @throws UserError, StoreUnavailableError, ChannelClosedError; then nothing is left running
 */
export async function startRun(deps: SlackDeps, asking: Asking, request: RunRequest): Promise<void> {
  await requireRole(deps, asking, known(request), request)
  const begun = deps.startBarrier.begin()
  try {
    const record = await begin(deps, asking, request)
    if (record !== undefined) await noteAsked(deps, record)
  } finally {
    begun()
  }
}

/**
 * Begins a run that shows itself only once it is allowed: record and queue, no message and no claim.
 * @throws StoreUnavailableError; then nothing is left running
 */
export async function startQuietly(deps: SlackDeps, asking: Asking, request: RunRequest): Promise<void> {
  const record = await recordOf(deps, asking, request)
  try {
    await deps.queue.enqueue({ run: record.id, kind: request.kind })
  } catch (error) {
    await endAnyway(deps, record)
    throw error
  }
  await noteAsked(deps, record)
}

function recordOf(
  { records }: SlackDeps,
  { user, team, channel, thread }: Asking,
  request: RunRequest,
): Promise<RunRecord> {
  return createRun(records, { request, asker: { user, ...defined({ team }) }, channel, ...defined({ thread }) })
}

async function noteAsked({ audit }: SlackDeps, { id, request, asker, channel }: RunRecord): Promise<void> {
  const { kind, text, target } = request
  const { audit: noted } = known(request)
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

/** Record, claim, queue, message. @returns undefined when another run was joined */
async function begin(deps: SlackDeps, asking: Asking, request: RunRequest): Promise<RunRecord | undefined> {
  const record = await recordOf(deps, asking, request)
  const claim = known(request).claim?.(request)
  if (claim !== undefined) {
    const holder = await claimTarget(deps.records, claim, record.id)
    if (holder !== record.id) {
      await join(deps, asking, record, holder)
      return undefined
    }
  }
  const thread = new SlackThread(deps, record)
  try {
    await thread.intend()
    await deps.queue.enqueue({ run: record.id, kind: request.kind })
    await openThread(deps, asking, thread)
  } catch (error) {
    await undo(deps, record)
    throw error
  }
  return record
}

/** Posts the run's message; where Slack does not answer for now, the worker does it later. */
async function openThread(deps: SlackDeps, asking: Asking, thread: SlackThread): Promise<void> {
  try {
    await thread.openOrThrow({ isNew: true })
  } catch (error) {
    if (!(error instanceof SlackUnavailableError)) throw error
    deps.log.warn({ err: error }, 'a run begins without its message')
    await respondOnly(
      deps,
      asking,
      'Slack takes no messages from the bot just now. The work has begun; its message appears as soon as Slack takes it.',
    )
  }
}

async function undo(deps: SlackDeps, run: RunRecord): Promise<void> {
  await endAnyway(deps, run)
  await abandonPost(deps.records, run.id, 'parent').catch(() => undefined)
}

async function endAnyway(deps: SlackDeps, run: RunRecord): Promise<void> {
  try {
    await end(deps, run)
  } catch (err) {
    // The store is away, which is why we are here: the sweep finds the run when it is back.
    deps.log.warn({ err, run: run.id }, 'a run that did not begin could not be ended')
  }
}

async function end({ records }: SlackDeps, run: RunRecord): Promise<void> {
  await updateRun(records, run.id, (now) => ({ ...now, state: 'cancelled', finishedAt: new Date().toISOString() }))
  const claim = known(run.request).claim?.(run.request)
  if (claim !== undefined) await releaseTarget(records, claim, run.id)
}

/** Points to the run that is already about the same. */
async function join(deps: SlackDeps, asking: Asking, run: RunRecord, holder: string): Promise<void> {
  await end(deps, run)
  const url = await linkTo(deps, holder)
  const { subject } = spokenOf(run)
  const says = answerOf(run.request).joined?.(subject) ?? `${subject} is being worked on already.`
  await tell(
    deps,
    asking,
    url === undefined
      ? noteMessage(`${says} Its thread is about to appear.`)
      : noteMessage(says, { url, label: 'Its thread' }),
  )
}

/** Permalink of a run's thread, once it has one. */
async function linkTo({ records, slack, log }: SlackDeps, id: string): Promise<string | undefined> {
  for (const late = Date.now() + MESSAGE_DUE; ;) {
    const run = await readRun(records, id)
    if (run?.thread !== undefined) {
      const { channel, thread } = run
      try {
        const { permalink } = await slack.patiently('chat.getPermalink', (client) =>
          client.chat.getPermalink({ channel, message_ts: thread }),
        )
        return permalink
      } catch (err) {
        log.warn({ err, run: id }, 'no link to a run')
        return undefined
      }
    }
    if (Date.now() > late) return undefined
    await pause(100)
  }
}
