import type { Chart } from './chart.ts'
import { cut, INK, label, svg, widthOf } from './drawing.ts'

/** Sizes in pixels. */
const WIDTH = 760
const EDGE = 24
const TOP = 84
const PLOT = { left: 64, right: WIDTH - EDGE, height: 220 }
const ROW = { height: 44, bar: 15, name: 236 }
/** Names of marks are set in rows above each other, so that they do not cover each other. */
const MARK_ROW = 16
/** Labels on the axis of time. */
const MOST_TICKS = 8
/** Blue, and orange with another stroke: they differ to every eye, in grey too. */
const STROKES = [
  { colour: '#1f5fa8', dash: '' },
  { colour: '#b9540a', dash: '7 4' },
] as const
const strokeOf = (index: number): (typeof STROKES)[number] => STROKES[index % STROKES.length] ?? STROKES[0]

/** A chart as an SVG, for Slack as a PNG: on a ground of its own, legible on a dark page and on a light one. */
export const chartPicture = (chart: Chart): string => (chart.kind === 'line' ? lines(chart) : bars(chart))

const numberOf = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1))

const legend = ({ series }: Chart): string[] => {
  let x = EDGE
  return series.flatMap(({ name }, index) => {
    const { colour, dash } = strokeOf(index)
    const drawn = [
      `<line x1="${x}" y1="56" x2="${x + 26}" y2="56" stroke="${colour}" stroke-width="4"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}/>`,
      label(x + 34, 60, 12, INK.text, name),
    ]
    x += 34 + widthOf(name, 12) + 28
    return drawn
  })
}

const titleOf = ({ title }: Chart): string =>
  label(EDGE, 34, 17, INK.text, cut(title, WIDTH - 2 * EDGE, 17, 'bold'), 'bold')

function lines(chart: Chart): string {
  const { series, categories, marks, unit, says } = chart
  const values = series.flatMap((one) => one.values.filter((value) => value !== undefined))
  // Of shares that are all near the top the difference must be seen all the same.
  const lowest = values.reduce((least, value) => Math.min(least, value), 100)
  const from = lowest >= 90 ? 90 : lowest >= 50 ? 50 : 0
  const top = TOP + marks.length * MARK_ROW
  const bottom = top + PLOT.height
  const xOf = (index: number): number =>
    PLOT.left + ((PLOT.right - PLOT.left) * index) / Math.max(1, categories.length - 1)
  const yOf = (value: number): number => bottom - (PLOT.height * (value - from)) / (100 - from)
  const grid = [0, 1, 2, 3, 4, 5].flatMap((step) => {
    const value = from + ((100 - from) * step) / 5
    return [
      `<line x1="${PLOT.left}" y1="${yOf(value)}" x2="${PLOT.right}" y2="${yOf(value)}" stroke="${INK.line}" stroke-width="1"/>`,
      label(PLOT.left - 8, yOf(value) + 4, 11, INK.faint, `${numberOf(value)} ${unit}`, 'normal', 'end'),
    ]
  })
  const every = Math.max(1, Math.ceil(categories.length / MOST_TICKS))
  const ticks = categories.flatMap((name, index) =>
    index % every === 0 ? [label(xOf(index), bottom + 20, 11, INK.faint, name, 'normal', 'middle')] : [],
  )
  const flags = marks.flatMap(({ at, label: name }, index) => {
    const x = PLOT.left + (PLOT.right - PLOT.left) * at
    const y = TOP + index * MARK_ROW
    const text = cut(name, WIDTH / 2, 11)
    const isRight = x + 6 + widthOf(text, 11) > PLOT.right
    return [
      `<line x1="${x}" y1="${y - 8}" x2="${x}" y2="${bottom}" stroke="${INK.axis}" stroke-width="1.5" stroke-dasharray="3 3"/>`,
      label(isRight ? x - 6 : x + 6, y, 11, INK.text, text, 'normal', isRight ? 'end' : 'start'),
    ]
  })
  const drawn = series.map(({ values: all }, index) => {
    const { colour, dash } = strokeOf(index)
    let isDown = false
    const path = all.map((value, at) => {
      if (value === undefined) {
        isDown = false
        return ''
      }
      const command = `${isDown ? 'L' : 'M'}${xOf(at).toFixed(1)} ${yOf(value).toFixed(1)}`
      // A point without neighbours is a dot.
      const isAlone = !isDown && all[at + 1] === undefined
      isDown = true
      return isAlone ? `${command} h0.1` : command
    })
    return `<path d="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="3" stroke-linejoin="round" stroke-linecap="round"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}/>`
  })
  return svg({ width: WIDTH, height: bottom + 40, title: says }, [
    titleOf(chart),
    ...legend(chart),
    ...grid,
    ...flags,
    ...ticks,
    ...drawn,
  ])
}

function bars(chart: Chart): string {
  const { series, categories, unit, says } = chart
  const most = Math.max(...series.flatMap(({ values }) => values.map((value) => value ?? 0)), 0.1)
  const left = EDGE + ROW.name
  const room = WIDTH - EDGE - left - 84
  const rows = categories.flatMap((name, row) => {
    const y = TOP + row * ROW.height
    return [
      label(EDGE, y + 20, 12, INK.text, cut(name, ROW.name - 12, 12)),
      ...series.flatMap(({ values }, index) => {
        const value = values[row]
        if (value === undefined) return []
        const width = Math.max(1, (room * value) / most)
        const top = y + index * (ROW.bar + 2)
        return [
          `<rect x="${left}" y="${top}" width="${width.toFixed(1)}" height="${ROW.bar}" rx="2" fill="${strokeOf(index).colour}"/>`,
          label(left + width + 8, top + 12, 11, INK.text, `${numberOf(value)} ${unit}`),
        ]
      }),
    ]
  })
  return svg({ width: WIDTH, height: TOP + categories.length * ROW.height + 12, title: says }, [
    titleOf(chart),
    ...legend(chart),
    ...rows,
  ])
}
