import type { RunRecord } from '../../store/runs.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { clean, cut } from './escape.ts'
import { fit } from './fit.ts'
import { LIMITS } from './limits.ts'
import { bold, bullets, line, rich, text, type SlackMessage } from './rich.ts'
import { askedBy } from './running.ts'

/** One of several ways to mend a finding. */
export interface Candidate {
  /** A few words that tell it from the others. */
  choice: string
  title: string
  why: string
}

/** As many get a button. */
export const MOST_CANDIDATES = LIMITS.actions

/** Several ways to mend a finding, a button each. */
export function candidatesMessage(
  candidates: readonly Candidate[],
  run: RunRecord,
  buttons: readonly ButtonSpec[],
): SlackMessage {
  const shown = candidates.slice(0, MOST_CANDIDATES)
  const rest = candidates.length - shown.length
  return fit(
    {
      text: `📝 ${candidates.length} ways to fix it`,
      blocks: [
        rich(
          line(
            text('📝 '),
            bold(`${candidates.length} ways to fix it`),
            text('  Which one is right? Nothing is changed yet.'),
          ),
        ),
        rich(
          bullets(
            shown.map(({ choice, title, why }) => [
              bold(cut(clean(choice), 100)),
              text(`  ${cut(clean(title), 200)}: ${cut(clean(why), 400)}`),
            ]),
          ),
        ),
        ...(rest > 0 ? [rich(line(text(`and ${rest} more without a button here`)))] : []),
        rich(line(...askedBy(run))),
        ...buttonRow(buttons),
      ],
    },
    { hasFile: false },
  )
}
