import type { RunAnswer } from '../../capabilities/run-thread.ts'
import { reportMarkdown } from '../../report/markdown.ts'
import type { FollowReport } from '../../diagnosis/follow/report.ts'
import { followText, markOf, OUTCOMES } from '../../report/follow-text.ts'
import { statusText } from '../../report/mesh-status-text.ts'
import { pathPicture } from '../../report/path-picture.ts'
import { readLease } from '../../leases/lease-record.ts'
import type { Records } from '../../store/records.ts'
import type { RunRecord } from '../../store/runs.ts'
import { doctorMessage, doctorParts } from '../blocks/doctor.ts'
import { clean, cut, shorten } from '../blocks/escape.ts'
import { reportParts } from '../blocks/report-parts.ts'
import { followMessage, followParts } from '../blocks/follow.ts'
import { leaseMessage } from '../blocks/lease.ts'
import { logLevelsMessage } from '../blocks/log-levels.ts'
import { statusMessage, statusParts } from '../blocks/status.ts'
import type { TellingOptions } from '../blocks/telling-options.ts'
import { verdictMessage } from '../blocks/verdict.ts'
import { changeNamed, decisionShown, proposeAnswerShown, type ChangeShowing } from './change-messages.ts'
import { picture } from '../thread/picture.ts'
import { leaseButtons, raiseLogLevelButton } from './lease-buttons.ts'
import { fullReportButton, ROUND_TRIP_SECONDS, roundTripButton, runAgainButton, verdictButtons } from './run-buttons.ts'
import type { AnswerFile, ShownAnswer } from './shown-answer.ts'

/** Characters of a file; a browser still opens it. */
const MOST_IN_FILE = 8_000_000
/** Characters that describe a picture; Slack takes 1000. */
const MOST_ALT = 900

/** An answer as it is shown, with fresh buttons. */
export async function shownAnswer(
  showing: ChangeShowing & { telling: TellingOptions },
  answer: RunAnswer,
  run: RunRecord,
): Promise<ShownAnswer> {
  const { records, telling } = showing
  switch (answer.kind) {
    case 'diagnose':
      return {
        message: verdictMessage(answer.report, run, telling, await verdictButtons(records, run, answer.report)),
        parts: reportParts(answer.report, answer.shown, telling),
        file: () => readableFile(answer, run, telling),
      }
    case 'status':
      return {
        message: statusMessage(answer.status, run, [await runAgainButton(records, run)]),
        parts: statusParts(answer.status),
        file: () => readableFile(answer, run, telling),
      }
    case 'doctor': {
      const buttons = [await roundTripButton(records, run), await runAgainButton(records, run)]
      return {
        message: doctorMessage(answer.items, { within: ROUND_TRIP_SECONDS }, run, buttons),
        parts: doctorParts(answer.items),
        file: () => readableFile(answer, run, telling),
      }
    }
    case 'follow':
      return {
        message: followMessage(answer.report, run, [
          await runAgainButton(records, run),
          await fullReportButton(records, run),
        ]),
        parts: followParts(answer.report),
        file: () => readableFile(answer, run, telling),
        picture: () => pictureFile(answer.report, run),
      }
    case 'propose':
      return proposeAnswerShown(showing, answer, run)
    case 'decide':
      return decisionShown(showing, await changeNamed(records, answer.change), run)
    case 'lend':
      return leaseShown(records, answer.lease)
    case 'log-levels':
      return {
        message: logLevelsMessage(answer.proxies, run, [
          await raiseLogLevelButton(records, run),
          await runAgainButton(records, run),
        ]),
        parts: [],
      }
  }
}

async function leaseShown(records: Records, id: string): Promise<ShownAnswer> {
  const lease = await readLease(records, id)
  if (lease === undefined) throw new Error(`lease ${id} is gone`)
  return { message: leaseMessage(lease, Date.now(), await leaseButtons(records, lease)), parts: [] }
}

/** An answer that is kept to be read again in full. */
export type FullAnswer = Extract<RunAnswer, { kind: 'diagnose' | 'status' | 'doctor' | 'follow' }>

export const isFull = (answer: RunAnswer): answer is FullAnswer =>
  answer.kind === 'diagnose' || answer.kind === 'status' || answer.kind === 'doctor' || answer.kind === 'follow'

/** The whole answer to read, for when something did not fit into messages. */
export function readableFile(answer: FullAnswer, run: RunRecord, { checks }: TellingOptions): AnswerFile {
  const base = fileBase(run)
  switch (answer.kind) {
    case 'diagnose':
      return {
        name: `${base}.md`,
        title: 'The whole diagnosis',
        content: cut(reportMarkdown(checks, answer.report, answer.shown), MOST_IN_FILE),
      }
    case 'status':
      return { name: `${base}.txt`, title: 'The whole status', content: cut(statusText(answer.status), MOST_IN_FILE) }
    case 'follow':
      return { name: `${base}.txt`, title: 'The whole way', content: cut(followText(answer.report), MOST_IN_FILE) }
    case 'doctor':
      return {
        name: `${base}.txt`,
        title: 'The whole self-test',
        content: cut(
          answer.items
            .map(({ name, ok, says, remedy = '' }) => `${ok ? 'ok' : 'FAILED'} ${name}: ${says} ${remedy}`)
            .join('\n'),
          MOST_IN_FILE,
        ),
      }
  }
}

/** The answer for programs: of a diagnosis the same as `mesh-medic diagnose -o json`. */
export function jsonFile(answer: FullAnswer, run: RunRecord): AnswerFile {
  const value =
    answer.kind === 'diagnose' || answer.kind === 'follow'
      ? answer.report
      : answer.kind === 'status'
        ? answer.status
        : answer.items
  return { name: `${fileBase(run)}.json`, title: 'The report as JSON', content: JSON.stringify(value, null, 2) }
}

/** The way of a request as a picture. */
async function pictureFile(report: FollowReport, run: RunRecord): Promise<AnswerFile> {
  const says = `${OUTCOMES[report.outcome]}: ${report.headline}`
  return {
    name: `${fileBase(run)}.png`,
    title: shorten(clean(says), 200),
    altText: shorten(
      clean(`${says} ${report.hops.map((hop) => `${markOf(hop)} ${hop.stage} ${hop.name}`).join(', ')}`),
      MOST_ALT,
    ),
    content: await picture(pathPicture(report)),
  }
}

function fileBase({ id, request }: RunRecord): string {
  const what = (request.target?.name ?? request.kind).replace(/[^A-Za-z0-9.-]+/g, '-').slice(0, 60)
  return `mesh-medic-${what}-${id}`
}
