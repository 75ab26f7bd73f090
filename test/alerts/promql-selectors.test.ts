import { expect, it } from 'vitest'
import { matchedLabels } from '../../src/alerts/matched-labels.ts'
import { selectorsOf } from '../../src/alerts/promql-selectors.ts'

it.each<[string, string, unknown]>([
  [
    'a metric and its labels',
    'up{job="a", instance != "b"}',
    [
      {
        metric: 'up',
        matchers: [
          { label: 'job', op: '=', value: 'a' },
          { label: 'instance', op: '!=', value: 'b' },
        ],
      },
    ],
  ],
  [
    'several selectors',
    'sum(rate(x{a="1"}[5m])) / sum(rate(y{b=~"2.."}[5m])) > 0.05',
    [
      { metric: 'x', matchers: [{ label: 'a', op: '=', value: '1' }] },
      { metric: 'y', matchers: [{ label: 'b', op: '=~', value: '2..' }] },
    ],
  ],
  [
    'braces and brackets within strings',
    'x{a="}{", b=\'"\', c=`\\`}',
    [
      {
        metric: 'x',
        matchers: [
          { label: 'a', op: '=', value: '}{' },
          { label: 'b', op: '=', value: '"' },
          { label: 'c', op: '=', value: '\\' },
        ],
      },
    ],
  ],
  [
    'escapes of Go',
    'x{a="\\"\\x41\\u00e9\\n\\\\"}',
    [{ metric: 'x', matchers: [{ label: 'a', op: '=', value: '"Aé\n\\' }] }],
  ],
  [
    'comments',
    'x{ # of "catalog"\n a="1" # and }\n }',
    [{ metric: 'x', matchers: [{ label: 'a', op: '=', value: '1' }] }],
  ],
  [
    'a name between quotes',
    '{"http.requests", "label.with.dots"="1"}',
    [{ metric: 'http.requests', matchers: [{ label: 'label.with.dots', op: '=', value: '1' }] }],
  ],
  [
    'no metric, a trailing comma',
    '{__name__="x", a="1",}',
    [
      {
        matchers: [
          { label: '__name__', op: '=', value: 'x' },
          { label: 'a', op: '=', value: '1' },
        ],
      },
    ],
  ],
  ['a function is no metric', 'rate(x[5m]) {', []],
  ['cut off', 'x{a="1', []],
  [
    'malformed, then a good one',
    'x{a=1} + y{b="2"}',
    [{ metric: 'y', matchers: [{ label: 'b', op: '=', value: '2' }] }],
  ],
])('%s', (_, query, selectors) => {
  expect(selectorsOf(query)).toEqual(selectors)
})

it('labels that all selectors demand; a pattern that is a plain name counts, one with operators does not', () => {
  expect(
    matchedLabels(
      selectorsOf(
        String.raw`a{destination_service=~"catalog\\.shop\\.svc\\.cluster\\.local",response_code=~"5.."} / b{destination_service="catalog.shop.svc.cluster.local",pod=~"a.*"}`,
      ),
    ),
  ).toEqual({ labels: { destination_service: 'catalog.shop.svc.cluster.local', response_code: '5..' }, several: {} })
})

it('a label with several values is told as such', () => {
  expect(matchedLabels(selectorsOf('a{destination_service_name="x"} or a{destination_service_name="y"}'))).toEqual({
    labels: {},
    several: { destination_service_name: ['x', 'y'] },
  })
})
