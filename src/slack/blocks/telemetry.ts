import type { Telemetry } from '../../diagnosis/telemetry/report.ts'
import type { Side } from '../../mesh/both-ends.ts'
import { formatRef } from '../../mesh/ref.ts'
import {
  answersLine,
  countedLine,
  differenceLines,
  hangUpsQuery,
  podLines,
  sideLine,
  sinceLine,
  telemetryHeadline,
} from '../../report/telemetry-text.ts'
import type { LinkTemplate } from '../../report/links.ts'
import type { RunRecord } from '../../store/runs.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { clean, cut } from './escape.ts'
import { fit } from './fit.ts'
import { bold, code, line, lines, link, rich, text, type Piece, type SlackMessage } from './rich.ts'
import { askedBy } from './running.ts'

/** Lines of a list that the message shows; all are in the file. */
const MOST = 3

/** Characters of a query. */
const MOST_QUERY = 600

const some = (all: readonly string[], most = MOST): Piece[][] =>
  [...all.slice(0, most), ...(all.length > most ? [`and ${all.length - most} more`] : [])].map((one) => [text(one)])

/** What both ends of a target's requests counted, at a glance. */
export function telemetryMessage(
  telemetry: Telemetry,
  run: RunRecord,
  buttons: readonly ButtonSpec[],
  links: readonly LinkTemplate[] = [],
): SlackMessage {
  const says = telemetryHeadline(telemetry)
  const { client, server, target, notes } = telemetry
  const side = (name: string, end: 'client' | 'server', one: Side | undefined): Piece[][] =>
    one === undefined ? [] : [[bold(`${name}  `), text(sideLine(one)), text(`  (${answersLine(telemetry, end)})`)]]
  const since = sinceLine(telemetry)
  const differences = some(differenceLines(telemetry), 2)
  const pods = some(podLines(telemetry))
  const hangUps = hangUpsQuery(telemetry, links)
  const sides = [...side('Clients', 'client', client), ...side('Servers', 'server', server)]
  return fit({
    text: `📈 ${says}`,
    blocks: [
      rich(line(text('📈 '), bold(says))),
      rich(line(code(formatRef(target)), text(countedLine(telemetry))), ...(sides.length === 0 ? [] : [lines(sides)])),
      ...(differences.length === 0 ? [] : [rich(line(bold('Why they differ')), lines(differences))]),
      ...(hangUps === undefined
        ? []
        : [
            rich(
              line(
                text('Hang-ups (DC) by pod, in Prometheus: '),
                code(cut(clean(hangUps.expression), MOST_QUERY)),
                ...(hangUps.link === undefined ? [] : [text(' '), link(hangUps.link.url, clean(hangUps.link.name))]),
              ),
            ),
          ]),
      ...(since === undefined ? [] : [rich(line(text(since)))]),
      ...(pods.length === 0 ? [] : [rich(line(bold('Pods, as counted by their own proxies')), lines(pods))]),
      // The headline says it already where nothing is known at all.
      ...(client === undefined && server === undefined ? [] : notes.slice(0, 2)).map((note) => rich(line(text(note)))),
      rich(line(...askedBy(run))),
      ...buttonRow(buttons.slice(0, 2)),
    ],
  })
}
