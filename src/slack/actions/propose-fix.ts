import { listChanges } from '../../fixes/record.ts'
import type { Report } from '../../diagnosis/report.ts'
import { diagnose } from '../../capabilities/diagnose.ts'
import { keptAnswer } from '../../capabilities/kept-answer.ts'
import type { ProposeRequest } from '../../capabilities/propose.ts'
import { readPost } from '../../store/posts.ts'
import type { RunRecord } from '../../store/runs.ts'
import { tell } from '../access/asking.ts'
import { isOpen } from '../blocks/proposal.ts'
import { noteMessage } from '../blocks/refusal.ts'
import type { SlackDeps } from '../deps.ts'
import { startRun } from '../thread/start-run.ts'
import { defineAction } from './action.ts'
import { runOf } from './run-of.ts'
import { defined } from '../../mesh/defined.ts'

/** Works out a fix for what a diagnosis found, in its thread. */
export const proposeFix = defineAction({
  name: 'propose-fix',
  asks: ['propose'],
  async run(deps, asking, press) {
    const run = await runOf(deps, press)
    const open = (await listChanges(deps.records)).findLast(
      // One that is for a patch only waits for nobody: what kept it from being tried out may be gone.
      (change) => change.of === run.id && change.blocked === undefined && isOpen(change, Date.now()),
    )
    if (open !== undefined)
      return tell(
        deps,
        asking,
        noteMessage('A fix is already proposed, and waits for approval.', await linkTo(deps, open)),
      )
    const answer = await keptAnswer(deps.records, run.id, diagnose.answer)
    await startRun(deps, { ...asking, thread: run.thread }, proposalFor(run, answer?.report))
  },
})

/** What to ask for: a fix of the finding that has one, the cause first. Without a report the worker picks it. */
function proposalFor(
  { id, request: { text, namespace, target } }: RunRecord,
  report: Report | undefined,
): ProposeRequest {
  const [first] = report?.changes ?? []
  const candidates =
    report === undefined ? [] : [...(report.cause === undefined ? [] : [report.cause.finding]), ...report.findings]
  const finding =
    candidates.find(({ code }) => report?.changes.some((change) => change.for === code)) ??
    candidates.find(({ code }) => code === first?.for)
  return {
    kind: 'propose',
    text,
    of: id,
    ...defined({ namespace, target }),
    ...(finding !== undefined && { finding: { code: finding.code, subject: finding.subject } }),
  }
}

async function linkTo(
  { records, slack, log }: SlackDeps,
  { channel, run }: { channel: string; run: string },
): Promise<{ url: string; label: string } | undefined> {
  const ts = (await readPost(records, run, 'parent'))?.ts
  if (ts === undefined) return undefined
  try {
    const { permalink } = await slack.patiently('chat.getPermalink', (client) =>
      client.chat.getPermalink({ channel, message_ts: ts }),
    )
    return permalink === undefined ? undefined : { url: permalink, label: 'Its proposal' }
  } catch (err) {
    log.warn({ err, run }, 'no link to a proposal')
    return undefined
  }
}
