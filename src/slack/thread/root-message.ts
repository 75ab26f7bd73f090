import { diagnose } from '../../capabilities/diagnose.ts'
import { keptAnswer } from '../../capabilities/kept-answer.ts'
import { readChange, type ChangeRecord } from '../../fixes/record.ts'
import { noteLatest } from '../../store/latest-runs.ts'
import { readRun, type RunRecord } from '../../store/runs.ts'
import { fullReportButton } from '../answers/report-buttons.ts'
import { runAgainButton, verdictButtons } from '../answers/run-buttons.ts'
import { diagnosedAndChanged, overtakenMessage } from '../blocks/diagnosed-since.ts'
import type { SlackMessage } from '../blocks/rich.ts'
import { incidentOf } from '../blocks/incident-of.ts'
import { framed } from '../incidents/frame.ts'
import { ChannelClosedError, MessageGoneError } from '../transport/slack-trouble.ts'
import type { Posts } from './posts.ts'
import { rootOf } from './root-of.ts'
import type { ThreadDeps } from './thread-deps.ts'

/** Shows something in a run's message; one that was never posted, or that somebody deleted, stays away. */
export async function showInRoot(
  deps: Pick<ThreadDeps, 'records' | 'log' | 'slack'>,
  posts: Posts,
  { channel, id }: { channel: string; id: string },
  message: SlackMessage,
): Promise<void> {
  const ts = await rootOf(deps, id)
  if (ts === undefined) return
  try {
    const run = await readRun(deps.records, id)
    const shown = run === undefined ? undefined : await framed(deps, run, message)
    await posts.update(channel, ts, shown?.message ?? message)
    await shown?.confirm()
  } catch (error) {
    if (!(error instanceof MessageGoneError || error instanceof ChannelClosedError)) throw error
    deps.log.warn({ err: error, run: id, channel }, 'the message of a run is gone')
  }
}

/**
 * Brings the message of the diagnosis that a change came from to what is true now. What is told of an approval waits for its turn in the
 * channel, and may come after an undo: the record says what holds. What was undone meanwhile is told by the undo, once it has looked again.
 */
export async function showChangeInDiagnosis(deps: ThreadDeps, posts: Posts, told: ChangeRecord): Promise<void> {
  const change = (await readChange(deps.records, told.id)) ?? told
  if (change.undo?.state === 'undone' && told.undo?.state !== 'undone') return
  if (change.of === undefined) return
  const [run, answer] = await Promise.all([
    readRun(deps.records, change.of),
    keptAnswer(deps.records, change.of, diagnose.answer),
  ])
  if (run === undefined || answer === undefined) return
  const buttons =
    change.state === 'undone'
      ? await verdictButtons(deps.records, run, answer.report)
      : await Promise.all([runAgainButton(deps.records, run), fullReportButton(deps.records, run)])
  await showInRoot(deps, posts, run, diagnosedAndChanged(answer.report, run, change, deps.telling, buttons))
}

/** Lets the message of the diagnosis before this one, of the same target in the same channel, link to this one. */
export async function overtakeDiagnosis(deps: ThreadDeps, posts: Posts, run: RunRecord): Promise<void> {
  const { target } = run.request
  if (run.request.kind !== diagnose.kind || target === undefined || incidentOf(run) !== undefined) return
  const before = await noteLatest(deps.records, `${run.channel}/${target.key}`, run)
  const ts = await rootOf(deps, run.id)
  if (before === undefined || ts === undefined) return
  const [earlier, answer, ours] = await Promise.all([
    readRun(deps.records, before),
    keptAnswer(deps.records, before, diagnose.answer),
    keptAnswer(deps.records, run.id, diagnose.answer),
  ])
  if (earlier === undefined || answer === undefined || ours === undefined) return
  const { permalink } = await deps.slack.patiently('chat.getPermalink', (client) =>
    client.chat.getPermalink({ channel: run.channel, message_ts: ts }),
  )
  if (permalink === undefined) return
  const newer = { url: permalink, at: ours.report.finishedAt, verdict: ours.report.verdict }
  const buttons = [await fullReportButton(deps.records, earlier)]
  await showInRoot(deps, posts, earlier, overtakenMessage(answer.report, earlier, deps.telling, newer, buttons))
}
