import type { Report } from '../../diagnosis/report.ts'
import { chartsOf } from '../../report/chart.ts'
import { leftLines, probeText, probingHead } from '../../report/probing-text.ts'
import { kialiSentence } from '../../report/kiali-text.ts'
import { linksOf } from '../../report/links.ts'
import { shownCommand } from '../../report/shown-command.ts'
import { otherFindings, proofOf, remedy, STANDINGS } from '../../report/telling.ts'
import { chartsMessage } from './chart.ts'
import { clean, cut } from './escape.ts'
import { codePiece, findingSentence } from './finding.ts'
import { fit } from './fit.ts'
import { wayElements } from './follow.ts'
import type { Part } from './part.ts'
import { bold, bullets, code, line, link, mark, pre, rich, sentencePieces, text, type Piece } from './rich.ts'
import type { TellingOptions } from './telling-options.ts'

/** Characters of one piece of the proof. */
const MOST = { says: 400, command: 400, quote: 900 }
/** Findings that are named beside the cause. */
const MOST_OTHERS = 8

/** The replies of a diagnosis: the proof with the way of a request, the requests over time where they are known and some fail, and what else was found. Everything more is in the full report. */
export function reportParts(report: Report, options: TellingOptions): Part[] {
  return [...proofPart(report), ...chartsPart(report), ...othersPart(report, options), ...linksPart(report, options)]
}

/** Success over time and the latency of each pod, of an ill target of which Prometheus knows them. */
function chartsPart({ verdict, history }: Report): Part[] {
  const charts = verdict === 'ill' && history !== undefined ? chartsOf(history) : []
  const message = chartsMessage('Requests over time, as Prometheus counted them', charts)
  return message === undefined ? [] : [{ name: 'charts', message, charts }]
}

/** Three pieces at most, each with the command that shows this very thing and what it showed; then the way of a request. */
function proofPart(report: Report): Part[] {
  const pieces = proofOf(report).flatMap(({ finding, proof }, index) => [
    line(text(`${index + 1}. ${cut(clean(proof.says), MOST.says)}`)),
    pre(shownCommand(proof, finding), MOST.command),
    ...(proof.quote === undefined || proof.quote === '' ? [] : [pre(proof.quote, MOST.quote)]),
  ])
  const way = report.follow === undefined ? [] : wayElements(report.follow)
  const probes = probingElements(report)
  if (pieces.length === 0 && way.length === 0 && probes.length === 0) return []
  return [
    {
      name: 'proof',
      message: fit({
        text: pieces.length === 0 ? 'The path of a request' : 'Proof',
        blocks: [
          ...(pieces.length === 0 ? [] : [rich(line(bold('Proof')), ...pieces)]),
          ...(way.length === 0 ? [] : [rich(...way)]),
          ...(probes.length === 0 ? [] : [rich(...probes)]),
        ],
      }),
    },
  ]
}

/** The probes that were sent, what came of them, and what was not probed. */
function probingElements({ probing }: Report): Parameters<typeof rich> {
  if (probing === undefined) return []
  const sent = probing.sent.map((one): Piece[] => [
    code(cut(clean(probeText(one)), 300)),
    text(`  ${cut(clean(one.says), 600)}`),
  ])
  const left = leftLines(probing.left).map((one): Piece[] => [text(cut(clean(one), 300))])
  return [
    line(bold(probingHead(probing))),
    ...(sent.length === 0 ? [] : [bullets(sent)]),
    ...(left.length === 0 ? [] : [line(text('Not probed:')), bullets(left)]),
  ]
}

/** Findings that are neither the cause nor its symptoms, a line each. */
function othersPart(report: Report, options: TellingOptions): Part[] {
  const others = otherFindings(options.checks, report)
  if (others.length === 0) return []
  const items = others
    .slice(0, MOST_OTHERS)
    .map((finding): Piece[] => [
      codePiece(finding.code, options.docsUrl),
      text(' '),
      ...findingSentence(finding, options),
      text(` (${STANDINGS[finding.standing]}) `),
      ...sentencePieces(remedy(options.checks, finding, mark)),
    ])
  const more = others.length - MOST_OTHERS
  return [
    {
      name: 'others',
      message: fit({
        text: 'Also found',
        blocks: [
          rich(line(bold('Also found')), bullets(items)),
          ...(more > 0 ? [rich(line(text(`and ${more} more, in the full report`)))] : []),
        ],
      }),
    },
  ]
}

/** What Kiali says of the target, and links to other tools: behind the rest. */
function linksPart(report: Report, { links = [] }: TellingOptions): Part[] {
  const kiali = kialiSentence(report)
  const found = linksOf(report, links)
  if (kiali === undefined && found.length === 0) return []
  return [
    {
      name: 'links',
      message: fit({
        text: 'Elsewhere',
        blocks: [
          rich(
            line(
              ...(kiali === undefined ? [] : [bold('Kiali'), text(` ${cut(clean(kiali), MOST.says)}. `)]),
              ...found.flatMap(({ name, url }, index) => [
                ...(index === 0 ? [] : [text(' · ')]),
                link(url, clean(name)),
              ]),
            ),
          ),
        ],
      }),
    },
  ]
}
