import { describe, expect, it } from 'vitest'
import { putBack } from '../../src/leases/put-back.ts'
import { readLease, updateLease } from '../../src/leases/lease-record.ts'
import { raise } from '../../src/leases/raise.ts'
import { sweepLeases } from '../../src/leases/sweep-leases.ts'
import { verifyAudit } from '../../src/store/audit.ts'
import { FakeProxies, USUAL } from './fake-proxies.ts'
import { Killed, killedAt, letGo } from './killed-at.ts'
import { depsOf, eventsOf, NEVER, requestFor } from './house.ts'
import { memoryRecords } from '../store/memory-records.ts'

const FORMER = { a: { ...USUAL, http: 'info' }, b: USUAL }

function house(): FakeProxies {
  const proxies = new FakeProxies('a', 'b')
  proxies.at('a').levels.http = 'info'
  return proxies
}
const levels = (proxies: FakeProxies): unknown => ({ a: proxies.at('a').levels, b: proxies.at('b').levels })

/** How many acts a process that raises, or one who puts back, makes when nobody kills it. */
async function actsOf(what: 'raising' | 'putting back'): Promise<number> {
  const records = memoryRecords()
  const proxies = house()
  const request = requestFor(proxies)
  const never = killedAt(Infinity, 'before', depsOf(records, proxies))
  await raise(what === 'raising' ? never.deps : depsOf(records, proxies), request, NEVER)
  if (what === 'putting back') await putBack(never.deps, request.id, { why: 'time' }, NEVER)
  return never.acts()
}

describe('killed while raising, at every act', () => {
  it.each([
    ['before', 'another worker goes on'],
    ['after', 'another worker goes on'],
    ['before', 'the sweep ends it'],
    ['after', 'the sweep ends it'],
  ] as const)('%s it was done; %s', async (when, next) => {
    const acts = await actsOf('raising')
    expect(acts).toBeGreaterThan(20)
    for (let nth = 1; nth <= acts; nth += 1) {
      const records = memoryRecords()
      const proxies = house()
      const deps = depsOf(records, proxies)
      const request = requestFor(proxies)
      const killed = killedAt(nth, when, deps)
      await raise(killed.deps, request, NEVER).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error
      })
      await killed.ended()
      await letGo(records)
      if (next === 'another worker goes on') {
        const lease = await raise(deps, request, NEVER)
        expect([nth, lease.state, lease.proxies.map(({ before }) => before)]).toEqual([
          nth,
          'raised',
          [
            { http: 'info', router: 'warning' },
            { http: 'warning', router: 'warning' },
          ],
        ])
        expect(levels(proxies)).toEqual({
          a: { ...FORMER.a, http: 'debug', router: 'debug' },
          b: { ...FORMER.b, http: 'debug', router: 'debug' },
        })
      }
      await updateLease(records, request.id, (lease) => ({ ...lease, until: new Date(Date.now() - 1).toISOString() }))
      await sweepLeases(
        {
          ...deps,
          trouble: (error) => {
            throw error
          },
        },
        NEVER,
      )
      expect([nth, levels(proxies)]).toEqual([nth, FORMER])
      const after = await readLease(records, request.id)
      expect([nth, after?.state ?? 'over']).toEqual([nth, 'over'])
      const events = await eventsOf(records, request.id)
      expect([[], ['lease-granted', 'lease-ended'], ['lease-ended'], ['lease-refused']]).toContainEqual(events)
      // Whatever was set was granted first, and has an end.
      if (proxies.sets.length > 0) expect(events).toEqual(['lease-granted', 'lease-ended'])
      expect(await verifyAudit(records)).toMatchObject({ ok: true })
    }
  })
})

describe('killed while putting back, at every act', () => {
  it.each(['before', 'after'] as const)('%s it was done', async (when) => {
    const acts = await actsOf('putting back')
    expect(acts).toBeGreaterThan(15)
    for (let nth = 1; nth <= acts; nth += 1) {
      const records = memoryRecords()
      const proxies = house()
      const deps = depsOf(records, proxies)
      const request = requestFor(proxies)
      await raise(deps, request, NEVER)
      const killed = killedAt(nth, when, deps)
      await putBack(killed.deps, request.id, { why: 'put back', by: 'U_SECOND' }, NEVER).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error
      })
      await killed.ended()
      await letGo(records)
      await updateLease(records, request.id, (lease) => ({ ...lease, until: new Date(Date.now() - 1).toISOString() }))
      await sweepLeases(
        {
          ...deps,
          trouble: (error) => {
            throw error
          },
        },
        NEVER,
      )
      await sweepLeases(
        {
          ...deps,
          board: { lease: () => Promise.resolve(), leaseFile: () => Promise.resolve() },
          trouble: (error) => {
            throw error
          },
        },
        NEVER,
      )
      expect([nth, levels(proxies)]).toEqual([nth, FORMER])
      expect([nth, await readLease(records, request.id)]).toMatchObject([
        nth,
        { state: 'over', told: true, proxies: [{ state: 'put-back' }, { state: 'put-back' }] },
      ])
      expect([nth, await eventsOf(records, request.id)]).toEqual([
        nth,
        ['lease-granted', 'lease-ended', 'lease-log-kept'],
      ])
    }
  })
})
