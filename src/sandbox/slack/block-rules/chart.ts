import { choice, list, shape, string, variants, type Rule } from './rule.ts'

/** Charts that a message takes. */
export const MAX_CHARTS = 2

const number: Rule = { is: 'number', whole: false, min: -Infinity, max: Infinity }
const label = string(20)
const point = shape({ label, value: number })
const axis = shape({ categories: list(label, 20), 'x_label?': string(50), 'y_label?': string(50) })

interface Drawn {
  series?: { name?: unknown; data?: { label?: unknown }[] }[]
  axis_config?: { categories?: unknown[] }
}

/** What the fields of a chart do not say by themselves: each series has a point for every category, and a name of its own. */
function misdrawn({ series = [], axis_config: { categories = [] } = {} }: Drawn): string | undefined {
  const names = series.map(({ name }) => name)
  if (new Set(names).size < names.length) return 'series names must be unique'
  return series.every(
    ({ data = [] }) => data.length === categories.length && data.every((one, index) => one.label === categories[index]),
  )
    ? undefined
    : 'each series needs one data point for each category of axis_config'
}

const series = (type: string): ReturnType<typeof shape> =>
  shape(
    {
      type: choice(type),
      series: list(shape({ name: label, data: list(point, 20) }), 6),
      axis_config: axis,
    },
    { also: (value) => misdrawn(value) },
  )

/**
 * A chart inside a `data_visualization` block.
 * @see https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
 */
export const chart: Rule = variants(() => ({
  pie: shape({
    type: choice('pie'),
    segments: list(shape({ label, value: { is: 'number', whole: false, min: Number.MIN_VALUE, max: Infinity } }), 6),
  }),
  bar: series('bar'),
  area: series('area'),
  line: series('line'),
}))
