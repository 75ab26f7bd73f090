import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { cutConnections } from '../../../src/checks/facts/cut-connections.ts'
import type { Request } from '../../../src/checks/facts/requests-to.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Seen } from '../../../src/evidence/reading.ts'
import type { AccessLogLine } from '../../../src/mesh/access-log.ts'
import type { Pod } from '../../../src/mesh/objects.ts'

const START = Date.parse('2026-12-01T10:13:00.000Z')
/**
 * 1,200 requests to an application that closes connections idle for a second, as its sidecar's log has them on a busy node: [milliseconds since the first, duration,
 * port of the connection, whether it was cut]. Some ports were given to a second connection a minute later.
 */
const rows = JSON.parse(readFileSync(join(import.meta.dirname, 'closed-when-idle.json'), 'utf8')) as [
  after: number,
  duration: number,
  port: number,
  isCut: 0 | 1,
][]

const pod: Pod = {
  metadata: { namespace: 'shop', name: 'stock-1' },
  spec: { containers: [{ name: 'stock' }, { name: 'istio-proxy' }] },
  status: { podIP: '10.0.0.7' },
} as Pod

/** What is made of these lines, each as a request. */
function cutIn(lines: readonly AccessLogLine[]): ReturnType<typeof cutConnections> {
  const log = {
    kind: 'access-log',
    source: '',
    at: '',
    ok: true,
    value: { lines, unreadable: 0 },
  } as never as Seen<'access-log'>
  const requests = lines.map((entry): Request => ({ entry, log, pod, inner: { entry, log } }))
  return cutConnections(requests, new Evidence([]))
}

const lines = rows.map(([after, duration, port, isCut]): AccessLogLine => ({
  at: new Date(START + after).toISOString(),
  code: isCut === 1 ? 503 : 200,
  flags: isCut === 1 ? ['UC'] : [],
  duration,
  upstreamLocal: `127.0.0.6:${port}`,
  upstreamHost: '10.0.0.7:3000',
}))

it('tells connections that were closed when idle, though ports came again in new ones', () => {
  expect(cutIn(lines)).toMatchObject([{ sort: 'idle', group: { length: 35 } }])
})

it('does not where as many connections were answered after they had been idle for longer', () => {
  // Twenty connections that are asked every three seconds.
  const kept = Array.from({ length: 400 }, (_, index): AccessLogLine => ({
    at: new Date(START + Math.floor(index / 20) * 3000).toISOString(),
    code: 200,
    flags: [],
    duration: 3,
    upstreamLocal: `127.0.0.6:${30_000 + (index % 20)}`,
    upstreamHost: '10.0.0.7:3000',
  }))
  expect(cutIn([...lines, ...kept])).toMatchObject([{ sort: 'unclear' }])
})
