import { describe, expect, it } from 'vitest'
import { chartsOf, type Chart, type ChartedHistory } from '../../src/report/chart.ts'
import { chartPicture } from '../../src/report/chart-picture.ts'
import { picture } from '../../src/slack/answers/picture.ts'
import { chartBlock, chartsMessage, withPictures } from '../../src/slack/blocks/chart.ts'
import { checkBlocks } from '../../src/sandbox/slack/block-rules/check-blocks.ts'
import type { Point } from '../../src/mesh/change-point.ts'

const START = Date.parse('2026-11-30T12:00:00Z')
const at = (minute: number): number => START + minute * 60_000
const iso = (minute: number): string => new Date(at(minute)).toISOString()
const course = (...values: (number | undefined)[]): Point[] =>
  values.flatMap((value, minute) => (value === undefined ? [] : [{ at: at(minute), value }]))

const history = (more: Partial<ChartedHistory> = {}): ChartedHistory => ({
  step: 60,
  client: course(1, 1, 0.8, 0.75),
  server: course(1, 1, 1, 1),
  changes: [],
  latencies: [],
  ...more,
})
const success = (more?: Partial<ChartedHistory>): Chart => chartsOf(history(more))[0]!

/** The chart that Slack is sent, as the stand-in takes it. */
function drawn(chart: Chart): { categories: string[]; values: number[][]; labels: string[] } {
  const block = chartBlock(chart)!
  checkBlocks([block])
  const { chart: inner } = block as unknown as {
    chart: {
      series: { name: string; data: { label: string; value: number }[] }[]
      axis_config: { categories: string[] }
    }
  }
  return {
    categories: inner.axis_config.categories,
    values: inner.series.map(({ data }) => data.map(({ value }) => value)),
    labels: inner.series.map(({ name }) => name),
  }
}

it('success over time by both ends, with what was changed', () => {
  const chart = success({
    changes: [
      { at: iso(1), kind: 'configuration', of: { kind: 'VirtualService', namespace: 'shop', name: 'catalog' } },
      { at: iso(2), kind: 'rollout', of: { kind: 'Deployment', namespace: 'shop', name: 'catalog-v2' } },
      { at: iso(-5), kind: 'rollout', of: { kind: 'Deployment', namespace: 'shop', name: 'before' } },
    ],
    since: { at: iso(2), before: 0, after: 0.22 },
  })
  expect(drawn(chart)).toEqual({
    categories: ['12:00', '12:01 ▲', '12:02 ▲', '12:03'],
    values: [
      [100, 100, 80, 75],
      [100, 100, 100, 100],
    ],
    labels: ["clients' proxies", "servers' proxies"],
  })
  expect(chart.says).toBe(
    "Requests that succeed, 12:00 to 12:03 UTC. clients' proxies: 100 % at 12:00, lowest 75 % at 12:03, 75 % at 12:03; servers' proxies: 100 % at 12:00, lowest 100 % at 12:00, 100 % at 12:03. 22 % have failed since about 12:02, 0 % before. Changes: 12:01 VirtualService shop/catalog changed; 12:02 new pods of Deployment shop/catalog-v2.",
  )
})

it('an hour in no more steps than Slack takes; minutes without requests are no points', () => {
  const hour = Array.from({ length: 61 }, (_, minute) => (minute < 30 ? 1 : 0.5))
  const { categories, values } = drawn(success({ client: course(...hour), server: course(...hour) }))
  expect(categories).toHaveLength(16)
  expect(values[0]!.slice(0, 8)).toEqual([100, 100, 100, 100, 100, 100, 100, 75])
  const gap = success({ client: course(1, undefined, undefined, 0.5), server: course(1, undefined, undefined, 1) })
  expect(gap.series.map((one) => one.values)).toEqual([
    [100, undefined, undefined, 50],
    [100, undefined, undefined, 100],
  ])
  expect(drawn(gap)).toMatchObject({
    categories: ['12:00', '12:03'],
    values: [
      [100, 50],
      [100, 100],
    ],
  })
})

it.each([
  ['nothing at all', { client: [], server: [] }, 0],
  ['one moment, which is no course', { client: course(1), server: course(1) }, 0],
  ['one end alone', { server: [] }, 1],
  ['both ends', {}, 2],
])('%s', (_, more, series) => {
  expect(chartsOf(history(more))[0]?.series.length ?? 0).toBe(series)
})

it('the latency of each pod, the slowest first; names that begin alike are told apart by their ends', () => {
  const pods = ['catalog-v2-75fcf74cc4-pxq8f', 'catalog-v2-75fcf74cc4-txmvb', 'c', 'c']
  const [, chart] = chartsOf(
    history({ latencies: pods.map((pod, index) => ({ pod, p50: 900 / (index + 1), p95: 1000 })) }),
  )
  expect(drawn(chart!)).toMatchObject({
    categories: [
      '…-v2-75fcf74cc4-pxq8f'.slice(-20).replace(/^./, '…'),
      expect.stringMatching(/^….*txmvb$/),
      'c',
      'pod 4',
    ],
    values: [
      [900, 450, 300, 225],
      [1000, 1000, 1000, 1000],
    ],
  })
  const many = chartsOf(
    history({ latencies: Array.from({ length: 300 }, (_, index) => ({ pod: `p${index}`, p50: 1, p95: 2 })) }),
  )[1]!
  expect(drawn(many).categories).toHaveLength(12)
  expect(many.says).toContain('and 288 quicker pods')
})

it('whatever a cluster names its objects: Slack takes it, it mentions nobody, and the picture is whole', async () => {
  const NAMES = [
    '<!channel>',
    '</text><script>',
    '\u202Eevil\u0000',
    '🐘'.repeat(40),
    '',
    '&amp;`*_~',
    'x'.repeat(300),
    '\ud800',
  ]
  const charts = chartsOf(
    history({
      latencies: NAMES.map((pod) => ({ pod, p50: 1, p95: 2 })),
      changes: NAMES.map((name, index) => ({
        at: iso(index / 4),
        kind: 'configuration',
        of: { kind: 'VirtualService', namespace: name, name },
      })),
    }),
  )
  const message = chartsMessage('Requests over time', charts)!
  checkBlocks(message.blocks)
  expect(message.text).not.toContain('<!')
  for (const chart of charts) {
    const svg = chartPicture(chart)
    expect(svg).not.toContain('<script')
    expect(/<(?!\/?(?:svg|title|rect|line|path|text)\b)/.exec(svg)).toBeNull()
    expect((await picture(svg)).subarray(1, 4).toString()).toBe('PNG')
  }
  for (const ids of [['F1', 'F2'], []]) checkBlocks(withPictures(message, charts, ids).blocks)
})

it('pictures stand in place of charts, with all figures as their alternative text; without pictures the figures are said', () => {
  const charts = chartsOf(history({ latencies: [{ pod: 'catalog-1', p50: 900, p95: 990 }] }))
  const message = chartsMessage('Requests over time', charts)!
  expect(message.blocks.map(({ type }) => type)).toEqual(['rich_text', 'data_visualization', 'data_visualization'])
  expect(message.text).toContain('lowest 75 % at 12:03')
  expect(message.text).toContain('catalog-1 p50 900 ms, p95 990 ms')
  expect(withPictures(message, charts, ['F1', 'F2']).blocks.slice(1)).toEqual([
    { type: 'image', slack_file: { id: 'F1' }, alt_text: charts[0]!.says },
    { type: 'image', slack_file: { id: 'F2' }, alt_text: charts[1]!.says },
  ])
  const said = withPictures(message, charts, [])
  expect(said.blocks.map(({ type }) => type)).toEqual(['rich_text', 'rich_text', 'rich_text'])
  expect(JSON.stringify(said.blocks)).toContain('catalog-1 p50 900 ms')
})

/** Relative luminance (WCAG 2). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((from) => parseInt(colour.slice(from, from + 2), 16) / 255)
    .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

it('a picture brings its own ground, and each text and stroke of data stands out from it', () => {
  const charts = chartsOf(history({ latencies: [{ pod: 'catalog-1', p50: 900, p95: 990 }] }))
  for (const svg of charts.map(chartPicture)) {
    const [, ground = ''] = /<rect width="\d+" height="\d+" fill="(#\w{6})"\/>/.exec(svg) ?? []
    const inks = [
      ...svg.matchAll(/<text[^>]* fill="(#\w{6})"|<path[^>]* stroke="(#\w{6})"|<rect x=[^>]* fill="(#\w{6})"/g),
    ].map(([, ...one]) => one.filter(Boolean).join(''))
    expect(inks.length).toBeGreaterThan(5)
    for (const ink of inks) expect((luminance(ground) + 0.05) / (luminance(ink) + 0.05), ink).toBeGreaterThan(4.5)
  }
})

describe('values that no chart can show', () => {
  it('are no points, and pods without a latency are no bars', () => {
    const [line, bars] = chartsOf(
      history({
        client: [...course(1, NaN, Infinity, 0.5), { at: NaN, value: 1 }, { at: 1e300, value: 1 }],
        server: course(1, -Infinity, 1, 1),
        latencies: [
          { pod: 'a', p50: Infinity, p95: NaN },
          { pod: 'b', p50: 12, p95: NaN },
          { pod: 'c', p50: 10, p95: 30 },
        ],
      }),
    )
    expect(line!.series.map(({ values }) => values)).toEqual([
      [100, undefined, undefined, 50],
      [100, undefined, 100, 100],
    ])
    expect(bars!.categories).toEqual(['b', 'c'])
    expect(bars!.series.map(({ values }) => values)).toEqual([
      [12, 10],
      [undefined, 30],
    ])
    expect([line!.says, bars!.says].join()).not.toMatch(/NaN|Infinity/)
    expect([line!, bars!].map(chartPicture).join()).not.toMatch(/NaN|Infinity/)
    expect(drawn(line!).categories).toEqual(['12:00', '12:03'])
  })

  it.each([
    ['a step of nothing', { step: 0 }],
    ['a step that is no number', { step: NaN }],
    ['years between two points', { client: [...course(1, 1), { at: at(10_000_000), value: 1 }] }],
  ])('make none: %s', (_what, more) => {
    expect(chartsOf(history(more))).toEqual([])
  })

  it('a hundred thousand points are drawn', () => {
    const long = Array.from({ length: 100_000 }, (_, index) => ({ at: START + index * 1000, value: 0.9 }))
    const [line] = chartsOf(history({ step: 1, client: long, server: long }))
    expect(drawn(line!).categories.length).toBeLessThanOrEqual(20)
    expect(chartPicture(line!)).toMatch(/^<svg/)
  })
})

it('names that mean something to Slack, or turn the reading direction, are told as they are written', () => {
  const name = '<!channel>\u202ec*_~`'
  const charts = chartsOf(
    history({
      changes: [{ at: iso(1), kind: 'configuration', of: { kind: 'VirtualService', namespace: 'shop', name } }],
      latencies: [{ pod: name, p50: 3, p95: 4 }],
    }),
  )
  const message = chartsMessage('Requests over time', charts)!
  checkBlocks(message.blocks)
  expect(message.text).toContain('&lt;!channel&gt;⟨U+202E⟩c')
  expect(JSON.stringify([message, charts.map(chartPicture)])).not.toContain('\u202e')
  expect(message.text).not.toContain('<!channel>')
  const pictures = withPictures(message, charts, ['F1', 'F2']).blocks as unknown as { alt_text?: string }[]
  expect(pictures.flatMap((one) => one.alt_text ?? []).join()).not.toContain('\u202e')
})
