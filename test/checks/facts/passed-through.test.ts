import { describe, expect, it } from 'vitest'
import { behindGateway } from '../../../src/checks/facts/passed-through.ts'
import type { Logged } from '../../../src/checks/facts/requests-to.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'
import type { AccessLogLine } from '../../../src/mesh/access-log.ts'

const line = (entry: Partial<AccessLogLine>): AccessLogLine => ({
  at: '2026-01-01T00:00:00.100Z',
  method: 'GET',
  path: '/items',
  authority: 'shop.example',
  code: 429,
  flags: [],
  ...entry,
})
const log = (name: string, lines: AccessLogLine[]): Reading =>
  ({
    kind: 'access-log',
    ok: true,
    source: 'kubectl logs',
    at: '',
    of: { kind: 'Pod', namespace: 'shop', name },
    value: { lines, unreadable: 0 },
  }) as unknown as Reading
const pods = {
  kind: 'pods',
  ok: true,
  source: 'pods',
  at: '',
  value: [{ kind: 'Pod', metadata: { name: 'orders-1', namespace: 'shop' }, status: { podIP: '10.0.0.9' } }],
} as unknown as Reading

const SENT = line({ requestId: 'a', upstreamLocal: '10.0.0.1:5000', duration: 3 })
const GATEWAY = line({
  at: '2026-01-01T00:00:00.101Z',
  requestId: 'b',
  downstreamRemote: '10.0.0.1:5000',
  upstreamHost: '10.0.0.9:3000',
})
const ORDERS = line({ at: '2026-01-01T00:00:00.102Z', requestId: 'b', flags: ['RL'] })

/** Which log has the same request, for one that a caller's proxy sent. */
const found = (gateway: AccessLogLine[], orders: AccessLogLine[] = [ORDERS]): string | undefined =>
  behindGateway(
    { entry: SENT, log: {} as Logged['log'] },
    new Evidence([pods, log('client-1', [SENT]), log('gateway-1', gateway), log('orders-1', orders)]),
  )?.log.of?.name

describe('a request behind a gateway that gave it another id', () => {
  it('is found by the connection, and from there by its id', () => expect(found([GATEWAY])).toBe('orders-1'))
  it('is at the gateway where no proxy behind has it', () => expect(found([GATEWAY], [])).toBe('gateway-1'))
  it('is not found over another connection', () =>
    expect(found([{ ...GATEWAY, downstreamRemote: '10.0.0.1:5001' }])).toBeUndefined())
  it('is not found at another time', () =>
    expect(found([{ ...GATEWAY, at: '2026-01-01T00:00:00.200Z' }])).toBeUndefined())
  it('is not found with another answer', () => expect(found([{ ...GATEWAY, code: 200 }])).toBeUndefined())
  it('is not guessed of two', () =>
    expect(found([GATEWAY, { ...GATEWAY, at: '2026-01-01T00:00:00.103Z' }])).toBeUndefined())
})
