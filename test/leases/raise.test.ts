import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { extendLease } from '../../src/leases/extend.ts'
import { putBack } from '../../src/leases/put-back.ts'
import { readLease, updateLease } from '../../src/leases/lease-record.ts'
import { LeaseRefusedError } from '../../src/leases/lease-refused.ts'
import { raise, requireMinutes } from '../../src/leases/raise.ts'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import { auditEntries } from '../../src/store/audit.ts'
import type { Records } from '../../src/store/records.ts'
import { FakeProxies, USUAL } from './fake-proxies.ts'
import { depsOf, eventsOf, raised, NEVER, requestFor, statesOf } from './house.ts'
import { memoryRecords } from '../store/memory-records.ts'

let records: Records
beforeEach(() => {
  records = memoryRecords()
})

describe('a lease', () => {
  it('notes what was there, says who has it until when, and sets the levels of every proxy', async () => {
    const proxies = new FakeProxies('a', 'b')
    proxies.at('b').levels.http = 'info'
    const lease = await raised(records, proxies)
    expect(lease).toMatchObject({ state: 'raised', lent: { http: 'debug', router: 'debug' }, by: { user: 'U_ONCALL' } })
    expect(Date.parse(lease.until) - Date.parse(lease.from)).toBe(600_000)
    expect(lease.proxies).toMatchObject([
      {
        pod: { kind: 'Pod', namespace: 'shop', name: 'a' },
        uid: proxies.at('a').uid,
        proxyStartedAt: '2026-11-24T00:00:00Z',
        before: { http: 'warning', router: 'warning' },
        state: 'raised',
      },
      { pod: { name: 'b' }, before: { http: 'info', router: 'warning' }, state: 'raised' },
    ])
    expect(proxies.at('a').levels).toEqual({ ...USUAL, http: 'debug', router: 'debug' })
    expect(await eventsOf(records, lease.id)).toEqual(['lease-granted'])
  })

  it('is granted on record before anything is set', async () => {
    const proxies = new FakeProxies('a')
    const request = requestFor(proxies)
    let events: string[] = []
    proxies.beforeSet = async () => {
      events = await eventsOf(records, request.id)
    }
    await raise(depsOf(records, proxies), request, NEVER)
    expect(events).toEqual(['lease-granted'])
    const [granted] = await auditEntries(records)
    expect(granted?.entry).toMatchObject({
      run: request.run,
      target: 'service/shop/catalog',
      by: { user: 'U_ONCALL' },
      facts: {
        lent: request.settings,
        proxies: [{ pod: { name: 'a' }, before: { http: 'warning', router: 'warning' } }],
      },
    })
  })

  it('asked for again with the same id is the same lease', async () => {
    const proxies = new FakeProxies('a')
    const request = requestFor(proxies)
    const first = await raise(depsOf(records, proxies), request, NEVER)
    expect(await raise(depsOf(records, proxies), { ...request, minutes: 1 }, NEVER)).toEqual(first)
    expect(proxies.sets).toHaveLength(1)
  })

  it('is made once by two workers that have the same job', async () => {
    const proxies = new FakeProxies('a', 'b')
    const request = requestFor(proxies)
    const [one, other] = await Promise.all([
      raise(depsOf(records, proxies), request, NEVER),
      raise(depsOf(records, proxies), request, NEVER),
    ])
    expect(statesOf(one)).toEqual(['raised', 'raised'])
    expect(statesOf(other)).toEqual(['raised', 'raised'])
    expect(proxies.sets).toHaveLength(2)
    await putBack(depsOf(records, proxies), request.id, { why: 'time' }, NEVER)
    expect([proxies.at('a').levels, proxies.at('b').levels]).toEqual([USUAL, USUAL])
    expect(await eventsOf(records, request.id)).toEqual(['lease-granted', 'lease-ended'])
  })
})

describe('a proxy that cannot be raised', () => {
  it('is refused with why; the others are raised', async () => {
    const proxies = new FakeProxies('a', 'b', 'c', 'd')
    proxies.at('b').silent = 'Error: failed to execute command on Envoy: EOF'
    delete proxies.at('c').levels.router
    const request = requestFor(proxies)
    proxies.proxies.delete('d')
    const lease = await raise(depsOf(records, proxies), request, NEVER)
    expect(lease.state).toBe('raised')
    expect(lease.proxies.map(({ pod, state, says }) => [pod.name, state, says])).toEqual([
      ['a', 'raised', undefined],
      ['b', 'refused', 'Error: failed to execute command on Envoy: EOF'],
      ['c', 'refused', 'the proxy has no logger "router"'],
      ['d', 'refused', 'its pod is gone'],
    ])
    expect(proxies.sets).toEqual(['a http:debug,router:debug'])
  })

  it('is in a pod that is being deleted', async () => {
    const proxies = new FakeProxies('a')
    proxies.at('a').deletionTimestamp = '2026-11-24T00:10:00Z'
    expect(await raised(records, proxies)).toMatchObject({
      state: 'over',
      proxies: [{ state: 'refused', says: 'its pod is being deleted' }],
    })
    expect(proxies.sets).toEqual([])
  })

  it('ends the lease at once when it is the only one, and leaves nothing claimed', async () => {
    const proxies = new FakeProxies('a')
    proxies.at('a').silent = 'EOF'
    const lease = await raised(records, proxies)
    expect(lease).toMatchObject({
      state: 'over',
      ended: { why: 'failed' },
      proxies: [{ state: 'refused', before: {} }],
    })
    expect(await eventsOf(records, lease.id)).toEqual(['lease-refused'])
    delete proxies.at('a').silent
    expect((await raised(records, proxies)).state).toBe('raised')
  })

  it('stops answering half-way: what was set is put back', async () => {
    const proxies = new FakeProxies('a', 'b')
    let tries = 0
    proxies.beforeSet = (pod, logger) => {
      if (pod === 'b' && logger === 'router' && (tries += 1) === 1) throw new UnseenError('unavailable', 'EOF')
    }
    const lease = await raised(records, proxies)
    expect(lease.proxies.map(({ state, says }) => [state, says])).toEqual([
      ['raised', undefined],
      ['refused', 'EOF'],
    ])
    expect(proxies.at('b').levels).toEqual(USUAL)
  })

  it('stops answering for good half-way: it is put back at the end', async () => {
    const proxies = new FakeProxies('a')
    proxies.beforeSet = (pod, logger) => {
      if (logger !== 'router') return
      proxies.at(pod).silent = 'EOF'
      throw new UnseenError('unavailable', 'EOF')
    }
    const lease = await raised(records, proxies)
    expect(lease).toMatchObject({
      state: 'raised',
      proxies: [{ state: 'raised', says: 'EOF; it is not known which levels were set, they are put back at the end' }],
    })
    expect(proxies.at('a').levels.http).toBe('debug')
    delete proxies.at('a').silent
    delete proxies.beforeSet
    expect(await putBack(depsOf(records, proxies), lease.id, { why: 'time' }, NEVER)).toMatchObject({
      state: 'over',
      proxies: [{ state: 'put-back' }],
    })
    expect(proxies.at('a').levels).toEqual(USUAL)
  })

  it('does not keep what it was told', async () => {
    const proxies = new FakeProxies('a')
    proxies.beforeSet = () => {
      queueMicrotask(() => Object.assign(proxies.at('a').levels, USUAL))
    }
    expect(await raised(records, proxies)).toMatchObject({
      state: 'over',
      proxies: [{ state: 'refused', says: expect.stringMatching(/it did not accept/) as string }],
    })
  })
})

describe('what is raised already', () => {
  it('is refused to a second, who is told who has it until when; other loggers of the same proxy are not', async () => {
    const proxies = new FakeProxies('a')
    const first = await raised(records, proxies)
    const second = await raised(records, proxies, {
      settings: { router: 'trace', pool: 'debug' },
      by: { user: 'U_SECOND' },
    })
    expect(second).toMatchObject({
      state: 'over',
      proxies: [
        {
          state: 'refused',
          says: `router is already raised by U_ONCALL until ${first.until.slice(11, 19)} UTC (lease ${first.id}); it can be put back or extended`,
        },
      ],
    })
    expect(proxies.at('a').levels).toEqual({ ...USUAL, http: 'debug', router: 'debug' })
    const third = await raised(records, proxies, { settings: { pool: 'debug' } })
    expect(third.state).toBe('raised')
    await Promise.all([first, third].map(({ id }) => putBack(depsOf(records, proxies), id, { why: 'put back' }, NEVER)))
    expect(proxies.at('a').levels).toEqual(USUAL)
  })

  it('is raised to one of many who ask at once', async () => {
    const proxies = new FakeProxies('a', 'b')
    const leases = await Promise.all(Array.from({ length: 8 }, () => raised(records, proxies)))
    const names = ['a', 'b'].map((name) =>
      leases.filter((lease) => lease.proxies.some(({ pod, state }) => pod.name === name && state === 'raised')),
    )
    expect(names.map((holders) => holders.length)).toEqual([1, 1])
    await Promise.all(leases.map(({ id }) => putBack(depsOf(records, proxies), id, { why: 'time' }, NEVER)))
    expect([proxies.at('a').levels, proxies.at('b').levels]).toEqual([USUAL, USUAL])
  })

  it('can be raised again once it was put back, also while another proxy of that lease does not answer', async () => {
    const proxies = new FakeProxies('a', 'b')
    const first = await raised(records, proxies)
    proxies.at('b').silent = 'EOF'
    expect(await putBack(depsOf(records, proxies), first.id, { why: 'time' }, NEVER)).toMatchObject({
      state: 'putting-back',
      proxies: [{ state: 'put-back' }, { state: 'unreachable', says: 'EOF' }],
    })
    const second = await raised(records, proxies, { settings: { http: 'trace' } })
    expect(second.proxies).toMatchObject([
      { state: 'raised', before: { http: 'warning' } },
      { state: 'refused', says: expect.stringContaining('already raised') as string },
    ])
  })

  it('belongs to the pod: one of the same name that took its place has loggers of its own', async () => {
    const proxies = new FakeProxies('a')
    await raised(records, proxies)
    proxies.add('a')
    expect((await raised(records, proxies)).state).toBe('raised')
  })
})

describe('the limit', () => {
  it.each([0.1, 1, 15])('takes %d minutes', (minutes) => {
    expect(() => requireMinutes(minutes, 15)).not.toThrow()
  })
  it.each([15.1, 16, 10_000, 0, -1, NaN, Infinity])('does not take %d minutes', (minutes) => {
    expect(() => requireMinutes(minutes, 15)).toThrow(LeaseRefusedError)
  })
  it('says what would work', () => {
    expect(() => requireMinutes(30, 15)).toThrow(
      '30 minutes are more than one lease may last: 15 minutes (limits.leaseMinutes).',
    )
  })
})

describe('extending', () => {
  const BY = { user: 'U_SECOND' }
  it('counts anew from now, and is on record', async () => {
    const lease = await raised(records, new FakeProxies('a'), { minutes: 2 })
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const longer = await extendLease(records, lease.id, { minutes: 10, most: 15, by: BY })
    expect(Date.parse(longer.until)).toBe(Date.now() + 600_000)
    expect(await eventsOf(records, lease.id)).toEqual(['lease-granted', 'lease-extended'])
  })

  it('never shortens', async () => {
    const lease = await raised(records, new FakeProxies('a'), { minutes: 10 })
    expect((await extendLease(records, lease.id, { minutes: 1, most: 15, by: BY })).until).toBe(lease.until)
    expect(await eventsOf(records, lease.id)).toEqual(['lease-granted'])
  })

  it('is refused beyond the limit, when it is over, and when there is none', async () => {
    const proxies = new FakeProxies('a')
    const lease = await raised(records, proxies)
    await expect(extendLease(records, lease.id, { minutes: 16, most: 15, by: BY })).rejects.toThrow(
      '16 minutes are more than',
    )
    await updateLease(records, lease.id, (now) => ({ ...now, until: new Date(Date.now() - 1).toISOString() }))
    await expect(extendLease(records, lease.id, { minutes: 5, most: 15, by: BY })).rejects.toThrow('already over')
    await putBack(depsOf(records, proxies), lease.id, { why: 'time' }, NEVER)
    await expect(extendLease(records, lease.id, { minutes: 5, most: 15, by: BY })).rejects.toThrow('already over')
    await expect(extendLease(records, 'no-lease', { minutes: 5, most: 15, by: BY })).rejects.toThrow('no longer known')
    expect((await readLease(records, lease.id))?.state).toBe('over')
  })
})
