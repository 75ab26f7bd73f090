import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { putBack } from '../../src/leases/put-back.ts'
import { keepLeases } from '../../src/leases/keep-leases.ts'
import { createLease, readLease, updateLease, type LeaseRecord } from '../../src/leases/lease-record.ts'
import { sweepLeases, type SweepDeps } from '../../src/leases/sweep-leases.ts'
import { StoreUnavailableError, type Records } from '../../src/store/records.ts'
import { createRun, updateRun } from '../../src/store/runs.ts'
import { FakeBoard } from '../capabilities/fake-board.ts'
import { FakeProxies, USUAL } from './fake-proxies.ts'
import { depsOf, raised, NEVER } from './house.ts'
import { memoryRecords } from '../store/memory-records.ts'

let records: Records
let proxies: FakeProxies
let board: FakeBoard
let troubles: unknown[]
const deps = (): SweepDeps & { board: FakeBoard } => ({
  ...depsOf(records, proxies),
  board,
  trouble: (error) => {
    troubles.push(error)
  },
})
const sweep = (): Promise<void> => sweepLeases(deps(), NEVER)
const overdue = (lease: LeaseRecord, seconds = 1): Promise<unknown> =>
  updateLease(records, lease.id, (now) => ({ ...now, until: new Date(Date.now() - seconds * 1000).toISOString() }))

beforeEach(() => {
  records = memoryRecords()
  proxies = new FakeProxies('a', 'b')
  board = new FakeBoard()
  troubles = []
})
afterEach(() => {
  vi.useRealTimers()
  expect(troubles).toEqual([])
})

describe('the sweep', () => {
  it('shows how long a lease runs, and leaves its levels alone', async () => {
    const lease = await raised(records, proxies)
    await sweep()
    await sweep()
    expect(board.said).toEqual(['lease raised', 'lease raised'])
    expect((await readLease(records, lease.id))?.state).toBe('raised')
    expect(proxies.at('a').levels.http).toBe('debug')
  })

  it('puts back what is overdue beside a lease of a kind that is not known here, which it names', async () => {
    const lease = await raised(records, proxies)
    await overdue(lease)
    const unknown = { ...(await readLease(records, lease.id)), id: 'newer', kind: 'something-new' }
    await records.write('leases', 'newer', unknown)
    const named: string[] = []
    await sweepLeases({ ...deps(), trouble: (_, id) => named.push(id) }, NEVER)
    expect(named).toEqual(['newer'])
    expect((await readLease(records, lease.id))?.state).toBe('over')
    expect(await records.read('leases', 'newer')).toMatchObject({ value: unknown })
  })

  it('puts back what is overdue, shows it, and saves the logs, once', async () => {
    const lease = await raised(records, proxies)
    proxies.at('a').log = 'something\n'
    await overdue(lease)
    await sweep()
    expect(await readLease(records, lease.id)).toMatchObject({ state: 'over', ended: { why: 'time' }, told: true })
    expect([proxies.at('a').levels, proxies.at('b').levels]).toEqual([USUAL, USUAL])
    expect(board.said).toEqual([
      'lease over',
      expect.stringContaining('lease-file log-uid-a'),
      expect.stringContaining('lease-file log-uid-b'),
    ])
    expect(board.told[1]?.[2]).toMatchObject({
      name: `a-${lease.id}.log`,
      content: expect.stringContaining('something') as string,
    })
    await sweep()
    expect(board.said).toHaveLength(3)
  })

  it('says when nobody was there in time', async () => {
    const lease = await raised(records, proxies)
    await overdue(lease, 61)
    await sweep()
    expect(await readLease(records, lease.id)).toMatchObject({ state: 'over', ended: { why: 'overdue' } })
  })

  it('tells the end of a lease that somebody else put back', async () => {
    const lease = await raised(records, proxies)
    await putBack(deps(), lease.id, { why: 'put back', by: 'U_SECOND' }, NEVER)
    await sweep()
    expect(board.said[0]).toBe('lease over')
    expect((await readLease(records, lease.id))?.told).toBe(true)
  })

  it('tries again to tell an end that Slack did not take', async () => {
    const lease = await raised(records, proxies)
    await overdue(lease)
    const away = new Error('Slack is away')
    board.leaseFile = () => Promise.reject(away)
    await sweep()
    expect(troubles.splice(0)).toEqual([away])
    expect(await readLease(records, lease.id)).toMatchObject({ state: 'over' })
    board = new FakeBoard()
    await sweep()
    expect(board.said).toHaveLength(3)
    expect((await readLease(records, lease.id))?.told).toBe(true)
  })

  it('does not tell an end of hours ago', async () => {
    const lease = await raised(records, proxies)
    await putBack(deps(), lease.id, { why: 'time' }, NEVER)
    await updateLease(records, lease.id, (now) => ({
      ...now,
      ended: { at: new Date(Date.now() - 2 * 3600_000).toISOString(), why: 'time' },
    }))
    await sweep()
    expect(board.said).toEqual([])
    expect((await readLease(records, lease.id))?.told).toBe(true)
  })

  it('goes on as long as a proxy does not answer', async () => {
    const lease = await raised(records, proxies)
    await overdue(lease)
    proxies.at('a').silent = 'EOF'
    await sweep()
    await sweep()
    expect(board.said).toEqual(['lease putting-back', 'lease putting-back'])
    delete proxies.at('a').silent
    await sweep()
    expect(await readLease(records, lease.id)).toMatchObject({ state: 'over', ended: { why: 'time' } })
    expect(proxies.at('a').levels).toEqual(USUAL)
  })

  it('goes on with what was put back early and interrupted', async () => {
    const lease = await raised(records, proxies)
    proxies.at('a').silent = 'EOF'
    await putBack(deps(), lease.id, { why: 'put back', by: 'U_SECOND' }, NEVER)
    delete proxies.at('a').silent
    await sweep()
    expect(await readLease(records, lease.id)).toMatchObject({
      state: 'over',
      ended: { why: 'put back', by: 'U_SECOND' },
    })
    expect(proxies.at('a').levels).toEqual(USUAL)
  })

  it('leaves the leases of another cluster to those who can reach it', async () => {
    proxies.cluster = 'uid-of-one'
    const lease = await raised(records, proxies)
    await overdue(lease)
    const others = new FakeProxies()
    others.cluster = 'uid-of-another'
    await sweepLeases({ ...depsOf(records, others), board }, NEVER)
    expect(await readLease(records, lease.id)).toMatchObject({ state: 'raised', cluster: 'uid-of-one' })
    expect((await putBack(depsOf(records, others), lease.id, { why: 'time' }, NEVER))?.proxies[0]).toMatchObject({
      state: 'unreachable',
      says: 'it runs in another cluster',
    })
    await sweep()
    expect((await readLease(records, lease.id))?.state).toBe('over')
    expect(proxies.at('a').levels).toEqual(USUAL)
  })

  it('puts back the others when one lease cannot be dealt with', async () => {
    const first = await raised(records, proxies)
    const others = new FakeProxies('a')
    const second = await raised(records, others)
    await Promise.all([overdue(first), overdue(second)])
    const broken = new TypeError('a mistake')
    const { clients, writer } = depsOf(records, others)
    await sweepLeases(
      {
        records,
        writer,
        board,
        trouble: (error) => {
          troubles.push(error)
        },
        clients: {
          ...clients,
          istioctl: {
            run: (args, signal) => (args[2] === 'b.shop' ? Promise.reject(broken) : clients.istioctl.run(args, signal)),
          },
          kubernetes: {
            ...clients.kubernetes,
            list: (...args) =>
              args[1].fields === 'metadata.name=b'
                ? proxies.clients.kubernetes.list(...args)
                : clients.kubernetes.list(...args),
          },
        },
      },
      NEVER,
    )
    expect(troubles.splice(0)).toEqual([broken])
    expect((await readLease(records, second.id))?.state).toBe('over')
    expect((await readLease(records, first.id))?.state).toBe('putting-back')
  })

  it('shows nothing of a lease from a terminal, and ends it all the same', async () => {
    const lease = await raised(records, proxies, { channel: undefined, thread: undefined })
    await overdue(lease)
    await sweepLeases({ ...depsOf(records, proxies) }, NEVER)
    expect(await readLease(records, lease.id)).toMatchObject({ state: 'over', told: true })
  })

  it('leaves the telling to a process that can', async () => {
    const lease = await raised(records, proxies)
    await overdue(lease)
    await sweepLeases({ ...depsOf(records, proxies) }, NEVER)
    expect((await readLease(records, lease.id))?.told).toBeUndefined()
    await sweep()
    expect(board.said).toHaveLength(3)
  })
})

describe('a lease whose process died half-way', () => {
  async function halfRaised(until: number): Promise<{ lease: LeaseRecord; run: string }> {
    const { id: run } = await createRun(records, {
      request: { kind: 'raise-log-levels', text: 'catalog' },
      asker: { user: 'U_ONCALL' },
      channel: 'C_MESH',
    })
    proxies.at('a').levels.http = 'debug'
    const lease = await createLease(records, {
      kind: 'log-levels',
      lent: { http: 'debug' },
      from: new Date().toISOString(),
      until: new Date(Date.now() + until).toISOString(),
      by: { user: 'U_ONCALL' },
      target: 't',
      asked: { text: 'catalog' },
      run,
      channel: 'C_MESH',
      proxies: [
        {
          pod: { kind: 'Pod', namespace: 'shop', name: 'a' },
          uid: proxies.at('a').uid,
          before: { http: 'warning' },
          state: 'noted',
        },
        { pod: { kind: 'Pod', namespace: 'shop', name: 'b' }, uid: proxies.at('b').uid, before: {}, state: 'noted' },
      ],
    })
    return { lease, run }
  }

  it('is left to its run as long as that is under way', async () => {
    const { lease } = await halfRaised(60_000)
    await sweep()
    expect((await readLease(records, lease.id))?.state).toBe('raising')
    expect(board.said).toEqual([])
  })

  it.each([
    ['failed', 'failed'],
    ['cancelled', 'put back'],
  ] as const)('is put back when its run has %s', async (state, why) => {
    const { lease, run } = await halfRaised(60_000)
    await updateRun(records, run, (now) => ({
      ...now,
      state,
      ...(state === 'cancelled' && { cancelAskedBy: 'U_SECOND' }),
    }))
    await sweep()
    expect(await readLease(records, lease.id)).toMatchObject({
      state: 'over',
      ended: { why },
      proxies: [{ state: 'put-back' }, { state: 'refused' }],
    })
    expect(proxies.at('a').levels).toEqual(USUAL)
  })

  it('is put back when its time is over', async () => {
    const { lease } = await halfRaised(-1)
    await sweep()
    expect(await readLease(records, lease.id)).toMatchObject({ state: 'over', ended: { why: 'time' } })
    expect(proxies.at('a').levels).toEqual(USUAL)
  })
})

describe('keeping leases', () => {
  const unheard = (error: unknown): void => {
    troubles.push(error)
  }

  it('puts back at the start what was due while nobody was there', async () => {
    const lease = await raised(records, proxies)
    await overdue(lease, 3600)
    const keeping = keepLeases(deps(), { trouble: unheard })
    await expect.poll(() => readLease(records, lease.id)).toMatchObject({ state: 'over', told: true })
    await keeping.stop()
  })

  it('puts back when the time is over, not only at the next sweep', async () => {
    await raised(records, proxies, { minutes: 0.5 / 60 })
    const keeping = keepLeases(deps(), { every: 3600_000, trouble: unheard })
    await expect.poll(() => proxies.at('a').levels).toEqual(USUAL)
    await keeping.stop()
  })

  it('tells at once what a person has put back, when asked to', async () => {
    const keeping = keepLeases(deps(), { every: 3600_000, trouble: unheard })
    const lease = await raised(records, proxies)
    await putBack(deps(), lease.id, { why: 'put back', by: 'U_ONCALL' }, new AbortController().signal)
    keeping.soon()
    await expect.poll(() => readLease(records, lease.id)).toMatchObject({ state: 'over', told: true })
    await keeping.stop()
  })

  it('tells of a trouble that goes on once, and of another one', async () => {
    await raised(records, proxies)
    let says = 'it is away'
    let tries = 0
    board.lease = () => {
      tries += 1
      return Promise.reject(new Error(says))
    }
    const told: string[] = []
    const trouble = (error: unknown): void => {
      told.push(String(error))
    }
    const keeping = keepLeases({ ...deps(), trouble }, { every: 10, trouble: unheard })
    await expect.poll(() => tries).toBeGreaterThan(3)
    says = 'it is refused'
    const before = tries
    await expect.poll(() => tries).toBeGreaterThan(before + 3)
    await keeping.stop()
    expect(told).toEqual(['Error: it is away', 'Error: it is refused'])
  })

  it('survives a store that is away, and hears of it', async () => {
    let isAway = true
    const away: Records = {
      ...records,
      list: (...args) => (isAway ? Promise.reject(new StoreUnavailableError('list')) : records.list(...args)),
    }
    const lease = await raised(records, proxies)
    await overdue(lease)
    const keeping = keepLeases({ ...deps(), records: away }, { every: 20, trouble: unheard })
    await expect.poll(() => troubles.length).toBeGreaterThan(1)
    isAway = false
    await expect.poll(() => proxies.at('a').levels).toEqual(USUAL)
    await keeping.stop()
    expect(troubles.splice(0)[0]).toBeInstanceOf(StoreUnavailableError)
  })

  it('stops', async () => {
    const keeping = keepLeases(deps(), { trouble: unheard })
    await keeping.stop()
    const lease = await raised(records, proxies)
    await overdue(lease)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect((await readLease(records, lease.id))?.state).toBe('raised')
  })
})
