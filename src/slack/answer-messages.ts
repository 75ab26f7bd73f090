import type { RunAnswer } from '../jobs/processors/run-thread.ts'
import { reportMarkdown } from '../diagnosis/markdown.ts'
import { statusText } from '../diagnosis/mesh-status-text.ts'
import type { RunRecord } from '../store/runs.ts'
import type { ButtonSpec } from './blocks/buttons.ts'
import { doctorMessage, doctorParts } from './blocks/doctor.ts'
import { cut } from './blocks/escape.ts'
import { reportParts, type Part } from './blocks/report-parts.ts'
import type { SlackMessage } from './blocks/rich.ts'
import { statusMessage, statusParts } from './blocks/status.ts'
import { verdictMessage, type TellingOptions } from './blocks/verdict.ts'
import { ROUND_TRIP_SECONDS } from './run-buttons.ts'

/** Characters of a file; a browser still opens it. */
const MOST_IN_FILE = 8_000_000

/** A file for a thread. Its name is the run's own. */
export interface AnswerFile {
  name: string
  title: string
  content: string
}

/** The run's message once it is answered. */
export function finalMessage(answer: RunAnswer, run: RunRecord, telling: TellingOptions, buttons: readonly ButtonSpec[]): SlackMessage {
  switch (answer.kind) {
    case 'diagnose':
      return verdictMessage(answer.report, run, telling, buttons)
    case 'status':
      return statusMessage(answer.status, run, buttons)
    case 'doctor':
      return doctorMessage(answer.items, { within: ROUND_TRIP_SECONDS }, run, buttons)
  }
}

/** What the thread says beyond it. */
export function answerParts(answer: RunAnswer, telling: TellingOptions): Part[] {
  switch (answer.kind) {
    case 'diagnose':
      return reportParts(answer.report, answer.shown, telling)
    case 'status':
      return statusParts(answer.status)
    case 'doctor':
      return doctorParts(answer.items)
  }
}

/** The whole answer to read, for when something did not fit into messages. */
export function readableFile(answer: RunAnswer, run: RunRecord, { checks }: TellingOptions): AnswerFile {
  const base = fileBase(run)
  switch (answer.kind) {
    case 'diagnose':
      return { name: `${base}.md`, title: 'The whole diagnosis', content: cut(reportMarkdown(checks, answer.report, answer.shown), MOST_IN_FILE) }
    case 'status':
      return { name: `${base}.txt`, title: 'The whole status', content: cut(statusText(answer.status), MOST_IN_FILE) }
    case 'doctor':
      return { name: `${base}.txt`, title: 'The whole self-test', content: cut(answer.items.map(({ name, ok, says, remedy = '' }) => `${ok ? 'ok' : 'FAILED'} ${name}: ${says} ${remedy}`).join('\n'), MOST_IN_FILE) }
  }
}

/** The answer for programs: of a diagnosis the same as `mesh-medic diagnose -o json`. */
export function jsonFile(answer: RunAnswer, run: RunRecord): AnswerFile {
  const value = answer.kind === 'diagnose' ? answer.report : answer.kind === 'status' ? answer.status : answer.items
  return { name: `${fileBase(run)}.json`, title: 'The report as JSON', content: JSON.stringify(value, null, 2) }
}

function fileBase({ id, request }: RunRecord): string {
  const what = (request.target?.name ?? request.kind).replace(/[^A-Za-z0-9.-]+/g, '-').slice(0, 60)
  return `mesh-medic-${what}-${id}`
}
