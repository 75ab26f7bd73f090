import { fromFqdn } from '../mesh/host.ts'
import { sameRef } from '../mesh/ref.ts'
import type { FollowReport, Hop, Stage } from '../diagnosis/follow/report.ts'
import { STAGES } from '../diagnosis/follow/report.ts'
import { cut, escaped, INK, label, svg, wrapped } from './drawing.ts'
import { markOf, OUTCOMES } from './follow-text.ts'

/** Sizes in pixels: a column for each stage, a box for each hop. */
const COLUMN = 272
const BOX = { width: 228, height: 74 }
const GAP = 18
const PADDING = 12
const TOP = 92
const EDGE = 24
/** Boxes drawn in one column; the others are counted. */
const MOST_BOXES = 6
const COLOURS: Readonly<Record<string, { fill: string; line: string; text: string }>> = {
  '✓': { fill: '#e9f7ef', line: '#1e8449', text: '#145a32' },
  '✗': { fill: '#fdecea', line: '#c0392b', text: '#78281f' },
  '?': { fill: '#fef9e7', line: '#b7950b', text: '#7d6608' },
}
const TITLES: Readonly<Record<Stage, string>> = {
  listener: 'Listener',
  route: 'Route',
  cluster: 'Cluster',
  endpoints: 'Endpoints',
  inbound: 'Pod (inbound)',
}

/** `catalog.shop` for a Service, any other host as it is. */
function shortHost(host: string): string {
  const { name, namespace } = fromFqdn(host) ?? {}
  return name === undefined || namespace === undefined ? host : `${name}.${namespace}`
}

/** A hop in two lines: of a cluster the Service, then subset and port. */
function linesOf({ name, stage, objects }: Hop): [string, string] {
  const [direction, port = '', subset = '', host = ''] = name.split('|')
  if (direction === 'outbound' && host !== '')
    return [shortHost(host), `${subset === '' ? 'no subset' : `subset ${subset}`}, port ${port}`]
  const from = objects.find(({ kind }) => kind !== 'Pod')
  return [
    name,
    from !== undefined ? `${from.kind} ${from.name}` : stage === 'inbound' ? (objects[0]?.namespace ?? '') : '',
  ]
}

/** What a box has for text. */
const ROOM = BOX.width - 2 * PADDING

interface Placed {
  hop: Hop
  x: number
  y: number
}

function box({ hop, x, y }: Placed): string {
  const mark = markOf(hop)
  const { fill, line, text } = COLOURS[mark] ?? { fill: '#ffffff', line: '#888888', text: '#222222' }
  const [first, second] = linesOf(hop)
  return [
    `<g><title>${escaped(hop.says)}</title>`,
    `<rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="8" fill="${fill}" stroke="${line}" stroke-width="2"/>`,
    label(x + PADDING, y + 24, 15, line, `${mark} ${TITLES[hop.stage]}`, 'bold'),
    label(x + PADDING, y + 45, 12, text, cut(first, ROOM, 12)),
    label(x + PADDING, y + 63, 11, text, cut(second, ROOM, 11)),
    '</g>',
  ].join('')
}

/** True when a request goes from one hop to the other: clusters lead to their own endpoints, endpoints to the pods behind them. */
function leads(from: Hop, to: Hop): boolean {
  if (from.stage === 'cluster') return to.stage !== 'endpoints' || from.name === to.name
  return (
    from.stage !== 'endpoints' ||
    to.objects.some((pod) => pod.kind === 'Pod' && from.objects.some((one) => sameRef(one, pod)))
  )
}

function arrow(from: Placed, to: Placed): string {
  const [x1, y1, x2, y2] = [from.x + BOX.width, from.y + BOX.height / 2, to.x - 3, to.y + BOX.height / 2]
  const middle = (x1 + x2) / 2
  return `<path d="M${x1} ${y1} C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}" fill="none" stroke="#7f8c8d" stroke-width="2" marker-end="url(#tip)"/>`
}

/** The path of a request as an SVG: the stages from left to right, green where it goes on, red where it dies, and why. */
export function pathPicture(report: FollowReport): string {
  const columns = STAGES.map((stage) => report.hops.filter((hop) => hop.stage === stage)).filter(
    (hops) => hops.length > 0,
  )
  const placed = columns.map((hops, column) =>
    hops
      .slice(0, MOST_BOXES)
      .map((hop, row): Placed => ({ hop, x: EDGE + column * COLUMN, y: TOP + row * (BOX.height + GAP) })),
  )
  const rows = Math.max(1, ...placed.map((column) => column.length))
  const width = Math.max(720, 2 * EDGE + columns.length * COLUMN - (COLUMN - BOX.width))
  const why = report.hops.find(({ ok, sure }) => !ok && sure) ?? report.hops.find(({ sure }) => !sure)
  const says =
    why === undefined ? [] : wrapped(`${markOf(why)} ${TITLES[why.stage]}: ${why.says}`, width - 2 * EDGE, 13)
  const bottom = TOP + rows * (BOX.height + GAP) + (columns.some((hops) => hops.length > MOST_BOXES) ? 24 : 0)
  const height = bottom + says.length * 19 + 16
  const arrows = placed
    .slice(1)
    .flatMap((column, index) =>
      (placed[index] ?? [])
        .filter(({ hop }) => hop.ok)
        .flatMap((from) => column.filter((to) => leads(from.hop, to.hop)).map((to) => arrow(from, to))),
    )
  const more = columns.flatMap((hops, column) =>
    hops.length > MOST_BOXES
      ? [label(EDGE + column * COLUMN, bottom - 10, 12, INK.faint, `and ${hops.length - MOST_BOXES} more`)]
      : [],
  )
  const { method, scheme, host, port, path } = report.request
  const { caller, unproxied } = report
  return svg({ width, height, title: report.headline }, [
    '<defs><marker id="tip" markerWidth="6" markerHeight="6" refX="5" refY="3" orient="auto"><path d="M0 0 L6 3 L0 6 z" fill="#7f8c8d"/></marker></defs>',
    label(
      EDGE,
      36,
      18,
      INK.text,
      cut(`${OUTCOMES[report.outcome]}: ${method} ${scheme}://${host}:${port}${path}`, width - 2 * EDGE, 18, 'bold'),
      'bold',
    ),
    label(
      EDGE,
      62,
      13,
      INK.faint,
      cut(
        caller === undefined
          ? unproxied === undefined
            ? 'caller not found'
            : `from ${unproxied.pod === undefined ? 'a caller' : `${unproxied.pod.namespace ?? ''}/${unproxied.pod.name}`} without a sidecar`
          : `${caller.kind === 'ingress' ? 'from outside, through the gateway' : 'from'} ${caller.pod.namespace ?? ''}/${caller.pod.name}`,
        width - 2 * EDGE,
        13,
      ),
    ),
    ...arrows,
    ...placed.flat().map(box),
    ...more,
    ...says.map((one, index) =>
      label(EDGE, bottom + 14 + index * 19, 13, COLOURS[why === undefined ? '' : markOf(why)]?.text ?? INK.text, one),
    ),
  ])
}
