import { expect, it } from 'vitest'
import type { Request } from '../../../src/checks/facts/requests-to.ts'
import { presentOf } from '../../../src/diagnosis/requests/present.ts'
import type { Seen } from '../../../src/evidence/reading.ts'
import type { AccessLogLine } from '../../../src/mesh/access-log.ts'

const START = Date.parse('2026-12-01T12:14:40.000Z')
/** A request so many milliseconds after the start, over the connection from a port; cut by the application where so it says. */
const line = (after: number, port: number, isCut = false): AccessLogLine => ({
  at: new Date(START + after).toISOString(),
  code: isCut ? 503 : 200,
  flags: isCut ? ['UC'] : [],
  duration: 2,
  upstreamLocal: `127.0.0.6:${port}`,
  upstreamHost: '10.244.0.9:3000',
})

/** How requests stand whose own sidecar has logged them. */
function stateOf(lines: AccessLogLine[]): string {
  const log = { kind: 'access-log', value: { lines, unreadable: 0 } } as unknown as Seen<'access-log'>
  const requests = lines.map((entry): Request => ({ entry, log, inner: { entry, log } }))
  return presentOf(requests, START - 1).state
}

/** Ten connections, asked anew after a pause; some of the second ones are cut. */
const cutAfter = (pause: number): AccessLogLine[] =>
  Array.from({ length: 10 }, (_, port) => [line(port, port), line(port + pause, port, port >= 4)]).flat()
/** As many answers as would let any failure be past, over connections that were idle for so long. */
const answered = (from: number, pause: number): AccessLogLine[] =>
  Array.from({ length: 40 }, (_, index) => [
    line(from + index, 100 + index),
    line(from + index + pause, 100 + index),
  ]).flat()

it('cut over connections that were idle for a second, and answered over busy ones since: it comes again', () => {
  expect(stateOf([...cutAfter(1003), ...answered(2000, 20)])).toBe('fails')
})

it('answered since over connections that were idle for as long: it is over', () => {
  expect(stateOf([...cutAfter(1003), ...answered(2000, 1050)])).toBe('over')
})

it('cut over busy connections, and answered since: it is over', () => {
  expect(stateOf([...cutAfter(20), ...answered(2000, 20)])).toBe('over')
})
