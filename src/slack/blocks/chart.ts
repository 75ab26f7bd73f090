import type { ImageBlock, KnownBlock } from '@slack/types'
import type { Chart } from '../../report/chart.ts'
import { clean, cut, escapeMrkdwn, shorten } from './escape.ts'
import { bold, line, lines, rich, text, type SlackMessage } from './rich.ts'

/** What Slack's block takes: charts of a message, series of a chart, categories of it, characters of a label and of the title. */
const MOST = { charts: 2, series: 6, categories: 20, label: 20, title: 50, says: 2_800, alt: 1_900 }

interface Drawn {
  categories: string[]
  series: { name: string; values: number[] }[]
}

/**
 * A chart in Slack's own form; undefined where too little is known for one. `@slack/types` does not have it yet.
 * @see https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
 */
export function chartBlock(chart: Chart): KnownBlock | undefined {
  const { categories, series } = chart.kind === 'line' ? overTime(chart) : sideBySide(chart)
  if (categories.length === 0 || series.length === 0) return undefined
  return {
    type: 'data_visualization',
    title: shorten(clean(chart.title), MOST.title),
    chart: {
      type: chart.kind,
      series: series.slice(0, MOST.series).map(({ name, values }) => ({
        name: shorten(clean(name), MOST.label),
        data: categories.map((label, index) => ({ label, value: values[index] ?? 0 })),
      })),
      axis_config: {
        categories,
        ...(chart.kind === 'line' && { x_label: 'UTC; ▲ something was changed' }),
        y_label: chart.unit === '%' ? 'per cent' : 'milliseconds',
      },
    },
  } as unknown as KnownBlock
}

/** The course in as many steps as Slack takes: each the mean of its values. A step in which a series has none is left out, as Slack knows no gaps. */
function overTime({ categories, series, marks }: Chart): Drawn {
  const size = Math.max(1, Math.ceil(categories.length / MOST.categories))
  const starts = categories.flatMap((_, index) => (index % size === 0 ? [index] : []))
  const means = series.map(({ values }) =>
    starts.map((start) => {
      const known = values.slice(start, start + size).filter((value) => value !== undefined)
      return known.length === 0
        ? undefined
        : Math.round((known.reduce((sum, value) => sum + value, 0) / known.length) * 10) / 10
    }),
  )
  const kept = starts.flatMap((_, step) => (means.every((one) => one[step] !== undefined) ? [step] : []))
  const marked = new Set(marks.map(({ at }) => Math.floor((at * (categories.length - 1)) / size)))
  return {
    categories: kept.map((step) => `${categories[step * size] ?? ''}${marked.has(step) ? ' ▲' : ''}`),
    series: series.map(({ name }, index) => ({ name, values: kept.map((step) => means[index]?.[step] ?? 0) })),
  }
}

/** Names are told apart by their ends: those of pods begin alike. */
function sideBySide({ categories, series }: Chart): Drawn {
  const known = new Set<string>()
  const names = categories.slice(0, MOST.categories).map((name, index) => {
    const whole = clean(name)
    const short =
      Array.from(whole).length <= MOST.label
        ? whole
        : `…${Array.from(whole)
            .slice(1 - MOST.label)
            .join('')}`
    const own = short === '' || short.length > MOST.label || known.has(short) ? `pod ${index + 1}` : short
    known.add(own)
    return own
  })
  return {
    categories: names,
    // Of a series with a gap nothing is made up.
    series: series.flatMap(({ name, values }) => {
      const known = values.slice(0, names.length).filter((value) => value !== undefined)
      return known.length === names.length ? [{ name, values: known }] : []
    }),
  }
}

/** The charts of a report as one message; its text, which is read out, holds the figures. Undefined where there is nothing to draw. */
export function chartsMessage(heading: string, charts: readonly Chart[]): SlackMessage | undefined {
  const drawn = charts.slice(0, MOST.charts).flatMap((chart) => chartBlock(chart) ?? [])
  if (drawn.length === 0) return undefined
  const changes = charts.flatMap(({ marks }) => marks).map(({ says }) => [text(`▲ ${says}`)])
  return {
    text: escapeMrkdwn(cut(clean(`${heading}. ${charts.map(({ says }) => says).join(' ')}`), MOST.says)),
    blocks: [rich(line(bold(heading))), ...drawn, ...(changes.length === 0 ? [] : [rich(lines(changes))])],
  }
}

/** The same message with pictures in place of charts, in their order; without them where there are none. */
export function withPictures(message: SlackMessage, charts: readonly Chart[], ids: readonly string[]): SlackMessage {
  const isChart = ({ type }: KnownBlock): boolean => (type as string) === 'data_visualization'
  const first = message.blocks.findIndex(isChart)
  const pictures = charts.slice(0, ids.length).map(({ says }, index): ImageBlock => ({
    type: 'image',
    slack_file: { id: ids[index] ?? '' },
    alt_text: shorten(clean(says), MOST.alt),
  }))
  const others = message.blocks.filter((block) => !isChart(block))
  return {
    ...message,
    blocks: [
      ...others.slice(0, first),
      ...(pictures.length === 0 ? charts.map(({ says }) => rich(line(text(cut(clean(says), MOST.says))))) : pictures),
      ...others.slice(first),
    ],
  }
}
