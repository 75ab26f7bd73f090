import { describe, expect, it } from 'vitest'
import { exceptionGone } from '../../../src/diagnosis/blame/gone-exception.ts'
import type { Case } from '../../../src/diagnosis/blame/lead.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'
import type { Pod } from '../../../src/mesh/objects.ts'
import { MOMENT } from '../requests/rows.ts'

const at = (seconds: number): string => new Date(MOMENT + seconds * 1000).toISOString()
const pod = (name: string, ip: string): Pod => ({
  kind: 'Pod',
  metadata: { namespace: 'shop', name, labels: { app: 'orders' } },
  status: { podIP: ip },
})
const ORDERS = pod('orders-1', '10.0.0.1')
const LEGACY = pod('legacy-1', '10.0.0.9')
const SERVICE = { kind: 'Service', namespace: 'shop', name: 'orders' }
const reading = (kind: Reading['kind'], value: unknown, of?: object): Reading =>
  ({ kind, ok: true, source: kind, at: '', value, ...(of !== undefined && { of }) }) as unknown as Reading

interface Seen {
  /** When connections in plain text were taken, and turned away, in seconds since the policy that is left was changed. */
  taken: number[]
  refused: number[]
  /** All over one connection. */
  kept?: boolean
  pushed?: [kind: string, name: string, second: number][]
}

function blamed({ taken, refused, kept = false, pushed = [] }: Seen): string[] {
  const line = (second: number, isTaken: boolean): object => ({
    at: at(second),
    flags: isTaken ? [] : ['NR'],
    code: isTaken ? 200 : 0,
    details: isTaken ? 'via_upstream' : 'filter_chain_not_found',
    downstreamLocal: '10.0.0.1:3000',
    downstreamRemote: `10.0.0.9:${kept && isTaken ? 40_000 : 50_000 + second}`,
  })
  const evidence = new Evidence([
    reading('pods', [ORDERS, LEGACY]),
    reading('peer-authentications', [
      {
        kind: 'PeerAuthentication',
        metadata: { namespace: 'shop', name: 'default', creationTimestamp: at(0) },
        spec: { mtls: { mode: 'STRICT' } },
      },
    ]),
    reading(
      'access-log',
      {
        lines: [...taken.map((second) => line(second, true)), ...refused.map((second) => line(second, false))],
        unreadable: 0,
      },
      { kind: 'Pod', namespace: 'shop', name: 'orders-1' },
    ),
    ...(pushed.length === 0
      ? []
      : [
          reading(
            'istiod-pushes',
            pushed.map(([kind, name, second]) => ({ kind, namespace: 'shop', name, at: at(second) })),
          ),
        ]),
  ])
  const target = { ref: SERVICE, namespace: 'shop', name: 'orders', hosts: [], services: [SERVICE], pods: [] }
  return exceptionGone(LEGACY, ORDERS, 3000, { evidence, target } as unknown as Case).map(
    ({ subject: { kind, name } }) => `${kind}/${name}`,
  )
}

const FAILS = { taken: [40, 50, 60], refused: [70, 71, 72] }

describe('a PeerAuthentication that let plain text through is gone', () => {
  it.each<[string, Seen, string[]]>([
    ['plain text was taken since the last change, then turned away', FAILS, ['Service/orders']],
    ['it was turned away from the change on', { taken: [-3, -2, -1], refused: [70, 71, 72] }, []],
    ['it was taken while the change was on its way', { taken: [5, 6, 7], refused: [70, 71, 72] }, []],
    ['one connection from then was kept', { taken: [40, 50, 60], refused: [70, 71, 72], kept: true }, []],
    ['it is taken again', { taken: [40, 50, 60, 80], refused: [70, 71, 72] }, []],
  ])('when %s', (_, seen, expected) => {
    expect(blamed(seen)).toEqual(expected)
  })

  it.each<[string, NonNullable<Seen['pushed']>, string]>([
    ["istiod's log names it", [['PeerAuthentication', 'exception', 66]], 'PeerAuthentication/exception'],
    ['the one it names is still there', [['PeerAuthentication', 'default', 66]], 'Service/orders'],
    ['the one it names went long before', [['PeerAuthentication', 'other', 1]], 'Service/orders'],
    [
      'it names two',
      [
        ['PeerAuthentication', 'one', 66],
        ['PeerAuthentication', 'two', 67],
      ],
      'Service/orders',
    ],
    ['it names one of another kind', [['Sidecar', 'narrow', 66]], 'Service/orders'],
  ])('when %s', (_, pushed, expected) => {
    expect(blamed({ ...FAILS, pushed })).toEqual([expected])
  })
})
