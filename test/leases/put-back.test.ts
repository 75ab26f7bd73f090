import { beforeEach, describe, expect, it } from 'vitest'
import { putBack } from '../../src/leases/put-back.ts'
import { readLeaseLogs } from '../../src/leases/lease-log.ts'
import type { LeaseRecord } from '../../src/leases/lease-record.ts'
import { auditEntries } from '../../src/store/audit.ts'
import { StoreUnavailableError, type Records } from '../../src/store/records.ts'
import { FakeProxies, USUAL } from './fake-proxies.ts'
import { depsOf, eventsOf, raised, NEVER, statesOf } from './house.ts'
import { memoryRecords } from '../store/memory-records.ts'

let records: Records
let proxies: FakeProxies
let lease: LeaseRecord
beforeEach(async () => {
  records = memoryRecords()
  proxies = new FakeProxies('a', 'b')
  Object.assign(proxies.at('b').levels, { http: 'info', misc: 'critical' })
  lease = await raised(records, proxies)
})

const back = (): Promise<LeaseRecord | undefined> =>
  putBack(depsOf(records, proxies), lease.id, { why: 'put back', by: 'U_SECOND' }, NEVER)
const says = (after: LeaseRecord | undefined): unknown[] =>
  (after?.proxies ?? []).map(({ pod, state, says: why }) => [pod.name, state, why])

describe('putting back', () => {
  it('puts exactly the former levels back, says who ended it, and is on record', async () => {
    const after = await back()
    expect(after).toMatchObject({ state: 'over', ended: { why: 'put back', by: 'U_SECOND' } })
    expect(statesOf(after!)).toEqual(['put-back', 'put-back'])
    expect(proxies.at('a').levels).toEqual(USUAL)
    expect(proxies.at('b').levels).toEqual({ ...USUAL, http: 'info', misc: 'critical' })
    expect(proxies.sets.slice(2)).toEqual(['a http:warning,router:warning', 'b http:info,router:warning'])
    const ended = (await auditEntries(records)).at(-1)
    expect(ended?.entry).toMatchObject({
      event: 'lease-ended',
      by: { user: 'U_SECOND' },
      run: lease.run,
      facts: { why: 'put back', proxies: [{ state: 'put-back' }, { state: 'put-back' }] },
    })
  })

  it('touches nothing the second time, and keeps who ended it first', async () => {
    await back()
    const sets = proxies.sets.length
    proxies.at('a').levels.http = 'trace'
    expect(await putBack(depsOf(records, proxies), lease.id, { why: 'time' }, NEVER)).toMatchObject({
      ended: { why: 'put back' },
    })
    expect(proxies.sets).toHaveLength(sets)
    expect(proxies.at('a').levels.http).toBe('trace')
    expect(await eventsOf(records, lease.id)).toEqual(['lease-granted', 'lease-ended'])
  })

  it('is done once by many at the same time', async () => {
    await Promise.all(Array.from({ length: 6 }, back))
    expect(statesOf((await back())!)).toEqual(['put-back', 'put-back'])
    expect(proxies.sets).toHaveLength(4)
    expect(proxies.at('a').levels).toEqual(USUAL)
    expect(await eventsOf(records, lease.id)).toEqual(['lease-granted', 'lease-ended'])
  })

  it('knows no lease that is not there', async () => {
    expect(await putBack(depsOf(records, proxies), 'no-lease', { why: 'time' }, NEVER)).toBeUndefined()
  })
})

describe('a proxy that is not as it was raised', () => {
  it('is gone: said, nothing set', async () => {
    proxies.proxies.delete('a')
    expect(says(await back())).toEqual([
      ['a', 'gone', undefined],
      ['b', 'put-back', undefined],
    ])
  })

  it('is of another pod with the same name: left alone', async () => {
    proxies.add('a', { levels: { ...USUAL, http: 'debug' } })
    expect(says(await back())).toEqual([
      ['a', 'gone', 'another pod of that name took its place'],
      ['b', 'put-back', undefined],
    ])
    expect(proxies.at('a').levels.http).toBe('debug')
  })

  it('was restarted: left alone, even where it has the same levels', async () => {
    proxies.restart('a')
    proxies.at('a').levels.http = 'debug'
    expect(says(await back())).toEqual([
      ['a', 'restarted', 'at 2026-11-24T00:05:00Z'],
      ['b', 'put-back', undefined],
    ])
    expect(proxies.at('a').levels.http).toBe('debug')
  })

  it('has ended', async () => {
    proxies.at('a').phase = 'Succeeded'
    expect(says(await back())).toEqual([
      ['a', 'gone', 'its containers have ended'],
      ['b', 'put-back', undefined],
    ])
  })

  it('has a level that somebody else set: that one is left alone and said, the others are put back', async () => {
    proxies.at('a').levels.http = 'trace'
    expect(says(await back())).toEqual([
      ['a', 'left', 'http:trace, set by somebody else'],
      ['b', 'put-back', undefined],
    ])
    expect(proxies.at('a').levels).toEqual({ ...USUAL, http: 'trace' })
  })

  it('has its former level already: nothing is set', async () => {
    Object.assign(proxies.at('a').levels, USUAL)
    expect(says(await back())).toEqual([
      ['a', 'put-back', undefined],
      ['b', 'put-back', undefined],
    ])
    expect(proxies.sets.filter((set) => set.startsWith('a'))).toHaveLength(1)
  })

  it('keeps another logger that somebody raised meanwhile', async () => {
    proxies.at('a').levels.pool = 'trace'
    await back()
    expect(proxies.at('a').levels).toEqual({ ...USUAL, pool: 'trace' })
  })

  it('had the raised level before: it keeps it', async () => {
    const own = new FakeProxies('c')
    own.at('c').levels.http = 'debug'
    const other = await raised(records, own)
    expect(await putBack(depsOf(records, own), other.id, { why: 'time' }, NEVER)).toMatchObject({
      state: 'over',
      proxies: [{ state: 'put-back' }],
    })
    expect(own.at('c').levels).toEqual({ ...USUAL, http: 'debug' })
  })

  it('does not answer: the lease is not over, and the next try puts it back', async () => {
    proxies.at('a').silent = 'Error: EOF'
    const after = await back()
    expect(after?.state).toBe('putting-back')
    expect(says(after)).toEqual([
      ['a', 'unreachable', 'Error: EOF'],
      ['b', 'put-back', undefined],
    ])
    expect(await eventsOf(records, lease.id)).toEqual(['lease-granted'])
    delete proxies.at('a').silent
    expect(says(await back())).toEqual([
      ['a', 'put-back', undefined],
      ['b', 'put-back', undefined],
    ])
    expect(proxies.at('a').levels).toEqual(USUAL)
    expect(await eventsOf(records, lease.id)).toEqual(['lease-granted', 'lease-ended'])
  })

  it('does not take its former level: the next try does it', async () => {
    proxies.beforeSet = (pod) => {
      queueMicrotask(() => {
        proxies.at(pod).levels.http = 'debug'
      })
    }
    expect((await back())?.proxies[0]).toMatchObject({
      state: 'unreachable',
      says: expect.stringContaining('it did not accept http:warning') as string,
    })
    delete proxies.beforeSet
    expect((await back())?.state).toBe('over')
    expect(proxies.at('a').levels).toEqual(USUAL)
  })
})

describe('a store that is away', () => {
  it('is no end: the levels stay noted, and the next try puts them back', async () => {
    const away: Records = { ...records, write: () => Promise.reject(new StoreUnavailableError('write')) }
    await expect(putBack(depsOf(away, proxies), lease.id, { why: 'time' }, NEVER)).rejects.toThrow(
      StoreUnavailableError,
    )
    expect((await back())?.state).toBe('over')
    expect(proxies.at('a').levels).toEqual(USUAL)
  })
})

describe('the log of the lease', () => {
  const LINE =
    "2026-11-23T22:13:32.442617Z\tdebug\tenvoy http source/common/http/conn_manager_impl.cc:1222\t[Tags: \"ConnectionId\":\"142\"] request headers complete (end_stream=true):\n'cookie', 'session=abc'\n'x-b3', '1'\tthread=20\n"

  it('is of every raised proxy, redacted, with what it is', async () => {
    proxies.at('a').log = LINE
    const { files, unread } = await readLeaseLogs(lease, proxies.clients, NEVER)
    expect(unread).toEqual([])
    expect(files.map(({ name }) => name)).toEqual([`a-${lease.id}.log`, `b-${lease.id}.log`])
    expect(new Set(files.map(({ part }) => part)).size).toBe(2)
    expect(files[0]?.content).toMatch(
      /^# istio-proxy of a in shop, from \S+\n# raised: http:debug, router:debug; secrets are redacted\n2026/,
    )
    expect(files[0]?.content).toContain("'cookie', '[redacted]'")
    expect(files[0]?.content).not.toContain('session=abc')
  })

  it('says which could not be read, and asks for none that was never set', async () => {
    proxies.at('a').silent = 'EOF'
    expect(await readLeaseLogs(lease, proxies.clients, NEVER)).toMatchObject({
      files: [{ name: `b-${lease.id}.log` }],
      unread: [{ pod: { name: 'a' }, says: 'EOF' }],
    })
    const refused = await raised(records, new FakeProxies(), { pods: proxies.pods })
    expect(refused.state).toBe('over')
    expect(await readLeaseLogs(refused, proxies.clients, NEVER)).toEqual({ files: [], unread: [] })
  })

  it('says that it was cut', async () => {
    proxies.at('a').log = 'x\n'.repeat(40_000)
    expect((await readLeaseLogs(lease, proxies.clients, NEVER)).files[0]?.content).toContain(
      '# cut: its last 40000 lines, of these at most 8 MiB',
    )
  })
})
