import { expect, it } from 'vitest'
import { areNewOnes, idleBefore } from '../../../src/checks/facts/idle-connections.ts'
import type { AccessLogLine } from '../../../src/mesh/access-log.ts'

const START = Date.parse('2026-11-30T16:00:00.000Z')
/** A request so many milliseconds after the start, over the connection from a port. */
const line = (after: number, port: number, more: Partial<AccessLogLine> = {}): AccessLogLine => ({
  at: new Date(START + after).toISOString(),
  code: 200,
  flags: [],
  duration: 10,
  upstreamLocal: `127.0.0.6:${port}`,
  upstreamHost: '10.244.0.9:3000',
  ...more,
})
const idle = (...lines: AccessLogLine[]): (number | undefined)[] => {
  const known = idleBefore({ lines, unreadable: 0 })
  return lines.map((one) => known.get(one))
}

it('counts from the end of the last request over the same connection, whatever the order of the lines', () => {
  expect(idle(line(1010, 1), line(0, 1), line(500, 2))).toEqual([1000, undefined, undefined])
})

it('is 0 while another request is on the same connection', () => {
  expect(idle(line(0, 1, { duration: 500 }), line(100, 1))).toEqual([undefined, 0])
})

it('is not known of a connection that has the ends of one that was closed', () => {
  expect(idle(line(0, 1), line(1010, 1, { code: 503, flags: ['UC'] }), line(5000, 1))).toEqual([
    undefined,
    1000,
    undefined,
  ])
})

it('is not known where the log names no connection', () => {
  const unnamed = (after: number): AccessLogLine => {
    const { upstreamLocal: _, ...rest } = line(after, 1)
    return rest
  }
  expect(idle(unnamed(0), unnamed(1000))).toEqual([undefined, undefined])
})

it.each([
  ['none', 0, [5], true],
  ['some of a thousand that were opened, on a real node', 55, [1067], true],
  ['too many of a thousand', 200, [1067], false],
  ['three of twenty', 3, [20], false],
  ['three of twenty to each of a hundred addresses', 3, Array.from({ length: 100 }, () => 20), true],
  ['as many as there are, after ten thousand were opened', 4000, [10_000], true],
])('connections that seem to have been idle for long may be new ones: %s', (_name, longer, opened, may) => {
  expect(areNewOnes(longer, opened, 0.001)).toBe(may)
})
