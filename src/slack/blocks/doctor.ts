import type { SelfTestItem } from '../../diagnosis/self-test.ts'
import { withoutAllowed } from '../../report/self-test-text.ts'
import type { RunRecord } from '../../store/runs.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { clean, cut } from './escape.ts'
import { fit } from './fit.ts'
import type { Part } from './part.ts'
import { bold, bullets, line, lines, rich, text, type Piece, type SlackMessage } from './rich.ts'
import { askedBy } from './running.ts'

/** The button's own test: pressed by whom and after how long, or not yet. */
export interface RoundTrip {
  /** Seconds it may take. */
  within: number
  pressed?: { by: string; milliseconds: number }
}

const item = ({ name, ok, says, remedy }: SelfTestItem): Piece[] => [
  text(ok ? '✓ ' : '✗ '),
  bold(name),
  text(`: ${cut(clean(says), 400)}`),
  ...(ok || remedy === undefined ? [] : [text(`\n      Remedy: ${cut(clean(remedy), 400)}`)]),
]

function roundTripItem({ within, pressed }: RoundTrip): Piece[] {
  if (pressed !== undefined)
    return [
      text('✓ '),
      bold('button round trip'),
      text(`: pressed ${(pressed.milliseconds / 1000).toFixed(1)} s after it was shown, and received`),
    ]
  return [
    text('⏱ '),
    bold('button round trip'),
    text(
      `: not received yet. Press the button below within ${within} seconds; if this line does not change, interactivity does not reach the bot: compare the app with manifest.yml (settings.interactivity).`,
    ),
  ]
}

/** The self-test: what failed with its remedy, the button's round trip, and how many are well. */
export function doctorMessage(
  items: readonly SelfTestItem[],
  roundTrip: RoundTrip,
  run: RunRecord,
  buttons: readonly ButtonSpec[],
): SlackMessage {
  const bad = items.filter(({ ok }) => !ok)
  const headline =
    bad.length === 0 ? `All ${items.length} self-tests passed` : `${bad.length} of ${items.length} self-tests failed`
  const icon = bad.length > 0 ? '🔴' : roundTrip.pressed === undefined ? '🟡' : '🟢'
  return fit({
    text: `${icon} ${headline}`,
    blocks: [
      rich(line(text(`${icon} `), bold(headline))),
      rich(lines([...bad.map(item), roundTripItem(roundTrip)])),
      rich(line(...askedBy(run))),
      ...buttonRow(buttons),
    ],
  })
}

/** Every test, in one part. */
export function doctorParts(items: readonly SelfTestItem[]): Part[] {
  if (items.length === 0) return []
  return [
    {
      name: 'doctor-items',
      message: fit({
        text: 'Self-tests',
        blocks: [rich(line(bold('Self-tests'))), rich(bullets(withoutAllowed(items).map(item)))],
      }),
    },
  ]
}
