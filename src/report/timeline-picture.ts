import { lanesOf, rowsOf, type Row } from '../timeline/rows.ts'
import type { Joined } from '../timeline/join.ts'
import { cut, escaped, INK, label, svg } from './drawing.ts'
import { spanText } from './span-text.ts'
import { timelineHeadline, timelineStory } from './timeline-text.ts'

/** Sizes in pixels: a column for each lane, a line for each thing that happened. */
const COLUMN = 250
const LINE = 36
const [LEFT, TOP, EDGE] = [96, 110, 24]
/** Rows that are drawn; the others are counted. */
const MOST_ROWS = 28
/** A wait is drawn as one when it is this part of the whole, or longer. */
const LONG = 0.2
const BAD = '#a93226'
const GOOD = '#1a5276'

interface Placed {
  row: Row
  y: number
  /** The wait before it, where it is long. Microseconds. */
  wait?: number
}

function placed(rows: readonly Row[]): Placed[] {
  const whole = (rows.at(-1)?.at ?? 0) - (rows[0]?.at ?? 0)
  let y = TOP + LINE
  return rows.map((row, index) => {
    const before = rows[index - 1]
    const wait = before === undefined ? 0 : row.at - before.at
    const isLong = whole > 0 && wait >= whole * LONG
    y += index === 0 ? 0 : isLong ? 2 * LINE : LINE
    return { row, y, ...(isLong && { wait }) }
  })
}

const middleOf = (lane: number): number => LEFT + lane * COLUMN + COLUMN / 2

function drawn({ row, y }: Placed, begun: number): string {
  const colour = row.isBad === true ? BAD : GOOD
  const x = middleOf(row.lane)
  const to = row.to === undefined ? undefined : middleOf(row.to)
  const text = cut(row.says, COLUMN * (to === undefined ? 1 : 1.1), 11)
  return [
    `<g><title>${escaped(row.says)}</title>`,
    label(LEFT - 10, y + 4, 11, INK.faint, `${((row.at - begun) / 1000).toFixed(2)} ms`, 'normal', 'end'),
    to === undefined
      ? `<circle cx="${x}" cy="${y}" r="5" fill="${colour}"/>`
      : `<path d="M${x} ${y} L${to + (to > x ? -4 : 4)} ${y}" stroke="${colour}" stroke-width="2" marker-end="url(#${row.isBad === true ? 'bad' : 'good'})"/>`,
    to === undefined
      ? label(x + 10, y + 4, 11, colour, text)
      : label((x + to) / 2, y - 6, 11, colour, text, 'normal', 'middle'),
    '</g>',
  ].join('')
}

const tip = (id: string, colour: string): string =>
  `<marker id="${id}" markerWidth="6" markerHeight="6" refX="5" refY="3" orient="auto"><path d="M0 0 L6 3 L0 6 z" fill="${colour}"/></marker>`

/** A request's way as an SVG: a lane for each place it came by, time downwards, waits as gaps. */
export function timelinePicture(timeline: Joined): string {
  const lanes = lanesOf(timeline)
  const all = rowsOf(timeline)
  const rows = placed(all.slice(0, MOST_ROWS))
  const begun = all[0]?.at ?? 0
  const bottom = (rows.at(-1)?.y ?? TOP) + LINE
  const width = LEFT + lanes.length * COLUMN + EDGE
  const headline = timelineHeadline(timeline)
  return svg({ width, height: bottom + (all.length > MOST_ROWS ? 44 : 20), title: headline }, [
    `<defs>${tip('good', GOOD)}${tip('bad', BAD)}</defs>`,
    label(EDGE, 38, 17, INK.text, cut(headline, width - 2 * EDGE, 17, 'bold'), 'bold'),
    ...lanes.flatMap((lane, index) => [
      label(middleOf(index), TOP - 24, 13, INK.text, cut(lane, COLUMN - 16, 13, 'bold'), 'bold', 'middle'),
      `<path d="M${middleOf(index)} ${TOP - 12} L${middleOf(index)} ${bottom}" stroke="${INK.line}" stroke-width="2"/>`,
    ]),
    ...rows.flatMap((one) => [
      ...(one.wait === undefined
        ? []
        : [
            `<path d="M${LEFT} ${one.y - LINE} L${width - EDGE} ${one.y - LINE}" stroke="${INK.axis}" stroke-dasharray="4 5"/>`,
            label(LEFT + 6, one.y - LINE - 5, 11, INK.faint, `${spanText(one.wait)} later`),
          ]),
      drawn(one, begun),
    ]),
    ...(all.length > MOST_ROWS
      ? [label(EDGE, bottom + 22, 12, INK.faint, `and ${all.length - MOST_ROWS} more, in the table`)]
      : []),
  ])
}

/** What the picture shows, for those who cannot see it. */
export const timelinePictureSays = (timeline: Joined): string =>
  [timelineHeadline(timeline), ...timelineStory(timeline)].join(' ')
