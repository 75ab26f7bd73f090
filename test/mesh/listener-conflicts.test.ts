import { describe, expect, it } from 'vitest'
import type { GatewayObject, Listener, ListenerSet } from '../../src/mesh/gateway-api.ts'
import { listenerConflicts } from '../../src/mesh/listener-conflicts.ts'

const gateway = (...listeners: Listener[]): GatewayObject => ({
  kind: 'Gateway',
  metadata: { name: 'edge', namespace: 'front' },
  spec: { listeners },
})
const set = (name: string, creationTimestamp: string, ...listeners: Listener[]): ListenerSet => ({
  kind: 'ListenerSet',
  metadata: { name, namespace: 'shop', creationTimestamp },
  spec: { parentRef: { name: 'edge', namespace: 'front' }, listeners },
})
const web = (name: string, hostname?: string, more: Partial<Listener> = {}): Listener => ({
  name,
  port: 80,
  protocol: 'HTTP',
  ...(hostname !== undefined && { hostname }),
  ...more,
})
const lost = (of: GatewayObject, ...sets: ListenerSet[]): string[] =>
  listenerConflicts(of, sets).map(
    ({ listener, owner, winner }) =>
      `${owner.metadata.name}/${listener.name} to ${winner.owner.metadata.name}/${winner.listener.name}`,
  )

// The pairs of test cases beside pilot/pkg/config/kube/gatewaycommon/listener_conflict.go.
describe('listeners of one Gateway', () => {
  it('do not stand in the way of each other at different ports, or for different hostnames', () => {
    expect(
      lost(
        gateway(web('a', 'a.example'), web('b', 'b.example'), web('all'), web('a8080', 'a.example', { port: 8080 })),
      ),
    ).toEqual([])
    expect(
      lost(
        gateway(
          web('a', 'a.example', { port: 443, protocol: 'HTTPS' }),
          web('b', 'b.example', { port: 443, protocol: 'TLS' }),
        ),
      ),
    ).toEqual([])
  })

  it('of TCP have their port for themselves', () => {
    expect(lost(gateway(web('web', 'a.example'), web('raw', undefined, { protocol: 'TCP' })))).toEqual([
      'edge/raw to edge/web',
    ])
    expect(lost(gateway(web('raw', undefined, { protocol: 'TCP' }), web('web', 'a.example')))).toEqual([
      'edge/web to edge/raw',
    ])
  })

  it('for the same hostname and port are one too many, whatever they speak', () => {
    expect(
      lost(
        gateway(
          web('a', 'a.example', { port: 443, protocol: 'HTTPS' }),
          web('b', 'a.example', { port: 443, protocol: 'TLS' }),
        ),
      ),
    ).toEqual(['edge/b to edge/a'])
    expect(lost(gateway(web('a'), web('b', '')))).toEqual(['edge/b to edge/a'])
  })
})

describe('listeners of ListenerSets', () => {
  it("come after the Gateway's own, the older sets first", () => {
    expect(
      lost(
        gateway(web('web', 'a.example')),
        set('new', '2026-02-01T00:00:00Z', web('b', 'b.example')),
        set('old', '2026-01-01T00:00:00Z', web('a', 'a.example'), web('b', 'b.example')),
      ),
    ).toEqual(['old/a to edge/web', 'new/b to old/b'])
  })

  it('get what one that lost asked for', () => {
    expect(
      lost(
        gateway(web('web', 'a.example'), web('raw', undefined, { protocol: 'TCP' })),
        set('more', '2026-01-01T00:00:00Z', web('b', 'b.example')),
      ),
    ).toEqual(['edge/raw to edge/web'])
  })
})
