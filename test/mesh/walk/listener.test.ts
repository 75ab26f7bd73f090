import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Listener } from '../../../src/mesh/envoy.ts'
import { filterChainFor } from '../../../src/mesh/walk/filter-chain.ts'
import { inboundListener, outboundListener } from '../../../src/mesh/walk/listener.ts'
import type { Connection } from '../../../src/mesh/walk/request.ts'

const CASES = parse(readFileSync(join(import.meta.dirname, 'listeners.yaml'), 'utf8')) as {
  about: string
  listener: Listener
  connections: [Connection, string][]
}[]

describe('the filter chain of a connection', () => {
  it.each(
    CASES.flatMap(({ about, listener, connections }) =>
      connections.map(([connection, expected]) => ({ about, listener, connection, expected })),
    ),
  )('$about: $connection', ({ listener, connection, expected }) => {
    expect(filterChainFor(listener, connection).chain?.name ?? 'closed').toBe(expected)
  })

  it('says what it asks for that is not known', () => {
    expect(
      filterChainFor(
        {
          filterChains: [
            { name: 'near', filterChainMatch: { prefixRanges: [{ addressPrefix: '10.0.0.0', prefixLen: 8 }] } },
            { name: 'rest' },
          ],
        },
        { port: 80 },
      ),
    ).toMatchObject({ chain: { name: 'rest' }, unsure: ['filter chains ask for the destination address'] })
    expect(
      filterChainFor(
        {
          filterChains: [{ name: 'local', filterChainMatch: { sourceType: 'SAME_IP_OR_LOOPBACK' } }, { name: 'rest' }],
        },
        { port: 80 },
      ),
    ).toMatchObject({ chain: { name: 'rest' }, unsure: [expect.stringContaining('comes from')] })
    expect(filterChainFor({ filterChainMatcher: {}, filterChains: [{ name: 'one' }] }, { port: 80 }).unsure).toEqual([
      expect.stringContaining('matcher'),
    ])
  })
})

const at = (name: string, address: string, portValue: number, more: Listener = {}): Listener => ({
  name,
  address: { socketAddress: { address, portValue } },
  ...more,
})
const SIDECAR: Listener[] = [
  at('virtualOutbound', '0.0.0.0', 15_001, { useOriginalDst: true, trafficDirection: 'OUTBOUND' }),
  at('virtualInbound', '0.0.0.0', 15_006, { trafficDirection: 'INBOUND' }),
  at('10.96.0.1_443', '10.96.0.1', 443, { bindToPort: false }),
  at('0.0.0.0_80', '0.0.0.0', 80),
  at('10.96.0.2_80', '10.96.0.2', 80),
  at('dual', '10.96.0.3', 80, {
    additionalAddresses: [{ address: { socketAddress: { address: '2001:db8::3', portValue: 80 } } }],
  }),
]

describe('the listener of a connection', () => {
  it.each<[Connection, string]>([
    [{ address: '10.96.0.2', port: 80 }, '10.96.0.2_80'],
    [{ address: '10.96.0.9', port: 80 }, '0.0.0.0_80'],
    [{ port: 80 }, '0.0.0.0_80'],
    [{ address: '2001:db8::3', port: 80 }, 'dual'],
    [{ address: '10.96.0.1', port: 443 }, '10.96.0.1_443'],
    [{ address: '192.0.2.1', port: 443 }, 'virtualOutbound'],
    [{ address: '192.0.2.1', port: 15_001 }, 'virtualOutbound'],
  ])('%j leaves a sidecar by %s', (connection, name) => {
    const found = outboundListener(SIDECAR, connection)
    expect(found?.listener.name).toBe(name)
    expect(found?.captured?.name).toBe(name === 'virtualOutbound' ? undefined : 'virtualOutbound')
  })

  it('of a gateway is the one that listens there, or none', () => {
    const gateway = [at('0.0.0.0_8080', '0.0.0.0', 8080)]
    expect(outboundListener(gateway, { address: '10.244.0.4', port: 8080 })).toEqual({ listener: gateway[0] })
    expect(outboundListener(gateway, { address: '10.244.0.4', port: 8443 })).toBeUndefined()
  })

  it('that arrives at a pod is the virtual one, or that of its port', () => {
    expect(inboundListener(SIDECAR, { address: '10.244.0.9', port: 3000 })?.name).toBe('virtualInbound')
    expect(
      inboundListener(
        [
          at('in', '0.0.0.0', 15_006, {
            trafficDirection: 'INBOUND',
            listenerFilters: [{ name: 'envoy.filters.listener.original_dst' }],
          }),
        ],
        { port: 3000 },
      )?.name,
    ).toBe('in')
    expect(inboundListener([at('0.0.0.0_3000', '0.0.0.0', 3000)], { port: 3000 })?.name).toBe('0.0.0.0_3000')
    expect(inboundListener([], { port: 3000 })).toBeUndefined()
  })
})
