import { expect, it } from 'vitest'
import { LEASE_KINDS } from '../../src/leases/lease-kinds.ts'
import { leasableOf } from '../../src/leases/leasables.ts'
import { LeaseRecord, listLeases, readLease, updateLease } from '../../src/leases/lease-record.ts'
import { memoryRecords } from '../store/memory-records.ts'

/** As the first version stored it: another process may have leases of that shape open. */
const STORED = {
  id: 'q1w2',
  state: 'returning',
  kind: 'log-levels',
  lent: { http: 'debug', router: 'debug' },
  proxies: [
    {
      pod: { kind: 'Pod', namespace: 'shop', name: 'catalog-1' },
      uid: 'u-1',
      proxyStartedAt: '2030-01-01T00:00:00Z',
      before: { http: 'warning', router: 'warning' },
      state: 'unreachable',
      says: 'EOF',
      setting: { http: 'warning' },
    },
    { pod: { kind: 'Pod', name: 'catalog-2' }, uid: 'u-2', before: {}, state: 'refused', says: 'its pod is gone' },
  ],
  from: '2030-01-01T00:00:00.000Z',
  until: '2030-01-01T00:10:00.000Z',
  by: { user: 'U_ONCALL', team: 'T_SHOP' },
  target: 'service/shop/catalog',
  asked: { text: 'catalog', namespace: 'shop' },
  channel: 'C_MESH',
  thread: '1.1',
  run: 'run-1',
  cluster: 'c-1',
  notes: ['2 of its 3 proxies'],
  ended: { at: '2030-01-01T00:10:00.000Z', why: 'time', by: 'U_ONCALL' },
  told: false,
}

it('reads what was stored before other things could be raised', async () => {
  const records = memoryRecords()
  await records.write('leases', STORED.id, STORED, { expected: 'absent', expiresInSeconds: 60 })
  expect(await readLease(records, STORED.id)).toEqual({ ...STORED, state: 'putting-back' })
})

it('reads the words that earlier versions stored, and writes those of now', async () => {
  const records = memoryRecords()
  const [proxy] = STORED.proxies
  for (const [stored, now] of [
    ['lending', 'raising'],
    ['lent', 'raised'],
    ['returning', 'putting-back'],
    ['over', 'over'],
  ])
    expect(LeaseRecord.parse({ ...STORED, state: stored }).state).toBe(now)
  await records.write('leases', 'old', {
    ...STORED,
    id: 'old',
    state: 'over',
    proxies: [
      { ...proxy, state: 'returned' },
      { ...proxy, state: 'lent' },
    ],
    ended: { at: STORED.until, why: 'given back', by: 'U_ONCALL' },
  })
  await updateLease(records, 'old', (now) => ({ ...now, told: true }))
  expect((await records.read('leases', 'old'))?.value).toMatchObject({
    proxies: [{ state: 'put-back' }, { state: 'raised' }],
    ended: { why: 'put back' },
    told: true,
  })
})

it('refuses a kind that nothing here can put back', () => {
  expect(() => LeaseRecord.parse({ ...STORED, kind: 'packets' })).toThrow('kind')
})

it('knows what each kind raises, and tells their claims apart', () => {
  expect(LEASE_KINDS.map((kind) => leasableOf({ kind }).kind)).toEqual([...LEASE_KINDS])
  const claims = LEASE_KINDS.map((kind) => leasableOf({ kind }).claimOf('http'))
  expect(new Set(claims).size).toBe(LEASE_KINDS.length)
})

it('is left out of the list and named when another version raised something that is not known here', async () => {
  const records = memoryRecords()
  await records.write('leases', 'older', { ...STORED, id: 'older' })
  await records.write('leases', 'newer', { ...STORED, id: 'newer', kind: 'something-new' })
  const unreadable: string[] = []
  expect((await listLeases(records, (id) => unreadable.push(id))).map(({ id }) => id)).toEqual(['older'])
  expect(unreadable).toEqual(['newer'])
})
