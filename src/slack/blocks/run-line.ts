import type { Verdict } from '../../diagnosis/report.ts'
import { VERDICTS } from '../../report/telling.ts'
import type { RunRecord } from '../../store/runs.ts'
import { clean, shorten } from './escape.ts'
import { code, dayTime, link, text, type Piece } from './rich.ts'
import { subjectOf } from './running.ts'
import { VERDICT_ICONS } from './verdict.ts'

const STATES: Readonly<Record<RunRecord['state'], { icon: string; says: string }>> = {
  queued: { icon: '⏱', says: 'waiting' },
  running: { icon: '⏱', says: 'running' },
  done: { icon: '✓', says: 'done' },
  cancelled: { icon: '–', says: 'cancelled' },
  failed: { icon: '✗', says: 'failed' },
}

/** A run and where its thread is, if that is known. */
export interface LinkedRun {
  run: RunRecord
  url: string | undefined
}

/** One run in a list: when, what, what came of it. */
export function runPieces({ run, url }: LinkedRun): Piece[] {
  const { request, state, outcome, createdAt } = run
  const verdict = Object.keys(VERDICTS).find((one): one is Verdict => one === outcome?.verdict)
  const { icon, says } =
    verdict === undefined ? STATES[state] : { icon: VERDICT_ICONS[verdict], says: VERDICTS[verdict] }
  const subject = subjectOf(run)
  return [
    text(`${icon} `),
    dayTime(createdAt),
    text(`  ${request.kind} `),
    ...(subject === '' ? [] : [code(shorten(clean(subject), 120))]),
    text(
      `  ${says}${outcome === undefined || outcome.sentence === '' ? '' : `: ${shorten(clean(outcome.sentence), 160)}`}`,
    ),
    ...(url === undefined ? [] : [text('  '), link(url, 'Thread')]),
  ]
}
