import type { RichTextBlock } from '@slack/types'
import type { FollowReport, Hop } from '../../diagnosis/follow/report.ts'
import { markOf, OUTCOMES, reasonsOf } from '../../report/follow-text.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { RunRecord } from '../../store/runs.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { clean, cut } from './escape.ts'
import { fit } from './fit.ts'
import type { Part } from './part.ts'
import { bold, bullets, code, line, lines, pre, rich, text, type Piece, type SlackMessage } from './rich.ts'
import { askedBy } from './running.ts'

const ICONS: Readonly<Record<FollowReport['outcome'], string>> = { arrives: '🟢', dies: '🔴', unclear: '🟡' }
/** Hops with a message of their own; the rest share one line each in the table. */
const MOST_HOPS = 12
const MOST_QUOTE = 1800
const MOST_ROWS = 30
/** Hops shown beside a proof. */
const MOST_WAY_ROWS = 12
const MOST_REASONS = 4

/** The hops at a glance: `✓ listener 0.0.0.0_8080 from Gateway shop/edge`. */
function row(hop: Hop): Piece[] {
  const from = hop.objects
    .filter(({ kind }) => kind !== 'Pod')
    .slice(0, 3)
    .map(formatRef)
  return [
    text(`${markOf(hop)} `),
    bold(hop.stage),
    text('  '),
    code(cut(clean(hop.name), 150)),
    ...(from.length === 0 ? [] : [text(`  from ${from.join(', ')}`)]),
  ]
}

/** Why it does not go on, where the headline has no room for it. */
function reasons(report: FollowReport): RichTextBlock['elements'] {
  const all = reasonsOf(report).slice(0, MOST_REASONS)
  return all.length === 0 ? [] : [bullets(all.map((one): Piece[] => [text(cut(clean(one), 400))]))]
}

/** A followed request: where it arrives or fails, and the table of its hops. */
export function followMessage(report: FollowReport, run: RunRecord, buttons: readonly ButtonSpec[]): SlackMessage {
  const { outcome, headline, caller, hops, clusters, request } = report
  const title = `${ICONS[outcome]} ${OUTCOMES[outcome]}: ${headline}`
  return fit({
    text: title,
    isCut: hops.length > MOST_HOPS,
    blocks: [
      rich(
        line(
          text(`${ICONS[outcome]} `),
          bold(OUTCOMES[outcome]),
          text('  '),
          code(cut(clean(`${request.method} ${request.scheme}://${request.host}:${request.port}${request.path}`), 300)),
        ),
        line(text(headline)),
        ...reasons(report),
      ),
      rich(lines(hops.slice(0, MOST_ROWS).map(row))),
      ...(clusters.length < 2
        ? []
        : [
            rich(
              line(
                bold('Clusters  '),
                text(
                  clusters
                    .slice(0, 10)
                    .map(({ name, weight }) => `${name} ${weight} %`)
                    .join(', '),
                ),
              ),
            ),
          ]),
      ...(caller === undefined
        ? []
        : [
            rich(
              line(
                bold('From  '),
                text(caller.kind === 'ingress' ? 'the gateway ' : 'the sidecar of '),
                code(formatRef(caller.pod)),
              ),
            ),
          ]),
      rich(line(...askedBy(run))),
      ...buttonRow(buttons),
    ],
  })
}

/** `/mesh follow` for what a diagnosis followed; it shows every hop. Undefined for a caller without a proxy. */
function commandFor({ asked, caller, unproxied }: FollowReport): string | undefined {
  if (unproxied !== undefined) return undefined
  const from =
    caller === undefined || caller.kind === 'ingress'
      ? '--from ingress'
      : `-n ${caller.pod.namespace ?? ''} --from pod/${caller.pod.name}`
  return `/mesh follow ${asked} ${from}`
}

/** The way of one request as a part of a proof: where it arrives or fails, the hops at a glance, and the command for each of them. */
export function wayElements(report: FollowReport): RichTextBlock['elements'] {
  const { outcome, headline, hops } = report
  const command = commandFor(report)
  return [
    line(bold('The path of a request')),
    line(text(`${ICONS[outcome]} ${headline}`)),
    ...reasons(report),
    lines(hops.slice(0, MOST_WAY_ROWS).map(row)),
    ...(command === undefined ? [] : [line(text('Hop by hop: '), code(cut(clean(command), 600)))]),
  ]
}

/** A message a hop: what happens there, the command that shows it, and the piece of configuration itself. */
export function followParts({ hops }: FollowReport): Part[] {
  return hops.slice(0, MOST_HOPS).map((hop, index): Part => {
    const title = `${markOf(hop)} ${hop.stage} ${cut(clean(hop.name), 150)}`
    const objects = hop.objects.slice(0, 10).map(formatRef)
    return {
      name: `hop-${index + 1}`,
      message: fit(
        {
          text: title,
          blocks: [
            rich(line(bold(title)), line(text(hop.says))),
            ...(hop.notes.length === 0
              ? []
              : [rich(bullets(hop.notes.slice(0, 12).map((note): Piece[] => [text(note)])))]),
            ...(objects.length === 0 ? [] : [rich(line(text('from '), code(objects.join(', '))))]),
            rich(pre(hop.command, 600), ...(hop.quote === undefined ? [] : [pre(hop.quote, MOST_QUOTE)])),
          ],
        },
        { hasFile: true },
      ),
    }
  })
}
