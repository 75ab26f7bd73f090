import { setTimeout as pause } from 'node:timers/promises'
import { claimTarget, releaseTarget } from '../store/claims.ts'
import { createRun, readRun, updateRun, type RunRecord, type RunRequest } from '../store/runs.ts'
import { tell, type Asking } from './asking.ts'
import { noteMessage, refusalMessage } from './blocks/refusal.ts'
import { subjectOf } from './blocks/running.ts'
import type { SlackDeps } from './deps.ts'
import { refusalOf } from './refusal-of.ts'
import { SlackUnavailableError } from './slack-trouble.ts'
import { SlackThread } from './thread.ts'

/** How long a run that was just begun elsewhere may take to have its message; milliseconds. */
const MESSAGE_DUE = 3000

/**
 * Begins a run: record, claim, message, queue. Joins the run of the same target when there is one.
 * @throws StoreUnavailableError, ChannelClosedError; then nothing is left running
 */
export async function startRun(deps: SlackDeps, asking: Asking, request: RunRequest): Promise<void> {
  const begun = deps.rush.begin()
  const run = await begin(deps, asking, request).finally(begun)
  if (run === undefined) return
  const { thread, record } = run
  try {
    await deps.rush.over()
    await deps.queue.enqueue({ run: record.id, kind: request.kind })
  } catch (error) {
    await undo(deps, record, thread, error)
    throw error
  }
  await deps.audit({
    event: 'diagnosis-asked', by: record.asker, run: record.id, ...(request.target !== undefined && { target: request.target.key }),
    facts: { kind: request.kind, text: request.text, channel: asking.channel },
  })
}

/** Record, claim, message. @returns undefined when another run was joined */
async function begin(deps: SlackDeps, asking: Asking, request: RunRequest): Promise<{ record: RunRecord; thread: SlackThread } | undefined> {
  const asker = { user: asking.user, ...(asking.team !== undefined && { team: asking.team }) }
  const record = await createRun(deps.records, { request, asker, channel: asking.channel, ...(asking.thread !== undefined && { thread: asking.thread }) })
  if (request.target !== undefined) {
    const holder = await claimTarget(deps.records, request.target.key, record.id)
    if (holder !== record.id) {
      await join(deps, asking, record, holder)
      return undefined
    }
  }
  const thread = new SlackThread(deps, record)
  try {
    await openThread(deps, thread)
  } catch (error) {
    await undo(deps, record, thread, error)
    throw error
  }
  return { record, thread }
}

/** Posts the run's message; where Slack does not answer for now, the worker does it later. */
async function openThread({ log }: SlackDeps, thread: SlackThread): Promise<void> {
  try {
    await thread.openOrThrow({ isNew: true })
  } catch (error) {
    if (!(error instanceof SlackUnavailableError)) throw error
    log.warn({ err: error }, 'a run begins without its message')
  }
}

async function undo(deps: SlackDeps, run: RunRecord, thread: SlackThread, error: unknown): Promise<void> {
  await thread.replaceWith(refusalMessage(refusalOf(error, run.request.text))).catch(() => undefined)
  try {
    await end(deps, run)
  } catch (err) {
    // The store is away, which is why we are here: the sweep finds the run when it is back.
    deps.log.warn({ err, run: run.id }, 'a run that did not begin could not be ended')
  }
}

async function end({ records }: SlackDeps, run: RunRecord): Promise<void> {
  await updateRun(records, run.id, (now) => ({ ...now, state: 'cancelled', finishedAt: new Date().toISOString() }))
  if (run.request.target !== undefined) await releaseTarget(records, run.request.target.key, run.id)
}

/** Points to the run that already looks at the same target. */
async function join(deps: SlackDeps, asking: Asking, run: RunRecord, holder: string): Promise<void> {
  await end(deps, run)
  const url = await linkTo(deps, holder)
  const says = `${subjectOf(run)} is being diagnosed already.`
  await tell(deps, asking, url === undefined ? noteMessage(`${says} Its thread is about to appear.`) : noteMessage(says, { url, label: 'Its thread' }))
}

/** Permalink of a run's thread, once it has one. */
async function linkTo({ records, slack, log }: SlackDeps, id: string): Promise<string | undefined> {
  for (const late = Date.now() + MESSAGE_DUE; ;) {
    const run = await readRun(records, id)
    if (run?.thread !== undefined) {
      const { channel, thread } = run
      try {
        const { permalink } = await slack.patiently('chat.getPermalink', (client) => client.chat.getPermalink({ channel, message_ts: thread }))
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
