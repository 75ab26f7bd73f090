import { describe, expect, it } from 'vitest'
import { withoutCluster } from '../../../src/diagnosis/blame/behind-entry.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'
import { formatRef } from '../../../src/mesh/ref.ts'
import { MOMENT } from '../requests/rows.ts'

const HOST = 'files.example'
const object = (kind: string, seconds: number, spec: object): object => ({
  kind,
  metadata: { namespace: 'edge', name: 'files', creationTimestamp: new Date(MOMENT + seconds * 1000).toISOString() },
  spec,
})
const entry = (spec: object = {}, seconds = 0): object =>
  object('ServiceEntry', seconds, {
    hosts: [HOST],
    resolution: 'DNS',
    workloadSelector: { labels: { role: 'files' } },
    ...spec,
  })
const machine = (labels?: object): object =>
  object('WorkloadEntry', 5, { address: 'files.internal', ...(labels !== undefined && { labels }) })

function blamed(entries: object[], machines: object[]): string[] {
  const reading = (kind: Reading['kind'], value: object[]): Reading =>
    ({ kind, ok: true, source: kind, at: '', value }) as unknown as Reading
  const evidence = new Evidence([
    reading('service-entries', entries),
    reading('workload-entries', machines),
    reading('pods', []),
  ])
  return withoutCluster(HOST, evidence).map(({ subject }) => formatRef(subject))
}

describe('a proxy without a cluster for the host of a ServiceEntry', () => {
  it.each<[string, unknown, string[]]>([
    [
      'that selects no address: its WorkloadEntry lost its labels',
      blamed([entry()], [machine()]),
      ['WorkloadEntry edge/files'],
    ],
    [
      'that selects no address since it was changed itself',
      blamed([entry({}, 9)], [machine()]),
      ['ServiceEntry edge/files'],
    ],
    ['that selects one', blamed([entry()], [machine({ role: 'files' })]), []],
    ['whose addresses are not resolved', blamed([entry({ resolution: 'STATIC' })], [machine()]), []],
    ['that names its endpoints', blamed([entry({ workloadSelector: undefined })], [machine()]), []],
    ['that is of another host', blamed([entry({ hosts: ['other.example'] })], [machine()]), []],
  ])('%s', (_, found, expected) => expect(found).toEqual(expected))
})
