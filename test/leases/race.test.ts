import { afterEach, describe, expect, it, vi } from 'vitest'
import { putBack } from '../../src/leases/put-back.ts'
import { readLease } from '../../src/leases/lease-record.ts'
import type { LeaseDeps } from '../../src/leases/lease-deps.ts'
import { raise } from '../../src/leases/raise.ts'
import { withProxyLock } from '../../src/leases/proxy-lock.ts'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import type { Records } from '../../src/store/records.ts'
import { FakeProxies, USUAL } from './fake-proxies.ts'
import { depsOf, NEVER, requestFor } from './house.ts'
import { memoryRecords } from '../store/memory-records.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** Another process puts the lease back, as it would when the process that raised it was thought dead. */
async function givenBackMeanwhile(deps: LeaseDeps, id: string): Promise<void> {
  for (const { id: lock } of await deps.records.list('proxies-in-hand'))
    await deps.records.remove('proxies-in-hand', lock)
  await putBack(deps, id, { why: 'put back' }, NEVER)
}

describe('a lease that is put back while it is being raised', () => {
  it('is not set any more', async () => {
    const records = memoryRecords()
    const proxies = new FakeProxies('a')
    const request = requestFor(proxies)
    const slow: Records = {
      ...records,
      async append(...args) {
        const done = await records.append(...args)
        await givenBackMeanwhile(depsOf(records, proxies), request.id)
        return done
      },
    }
    await raise({ ...depsOf(records, proxies), records: slow }, request, NEVER)
    expect(proxies.sets).toEqual([])
    expect(await readLease(records, request.id)).toMatchObject({ state: 'over', ended: { why: 'put back' } })
  })

  it('is not set by a process that raises that was frozen until it had lost the proxy', async () => {
    const records = memoryRecords()
    const proxies = new FakeProxies('a')
    const request = requestFor(proxies)
    const deps = depsOf(records, proxies)
    let looks = 0
    const frozen: LeaseDeps = {
      ...deps,
      clients: {
        ...deps.clients,
        kubernetes: {
          ...deps.clients.kubernetes,
          async list(...args) {
            const pods = await deps.clients.kubernetes.list(...args)
            // The second look is the one right before setting.
            if (args[0].plural === 'pods' && (looks += 1) === 2) {
              await givenBackMeanwhile(deps, request.id)
              vi.useFakeTimers({ toFake: ['Date'] })
              vi.setSystemTime(Date.now() + 30_000)
            }
            return pods
          },
        },
      },
    }
    await raise(frozen, request, NEVER)
    expect(looks).toBeGreaterThanOrEqual(2)
    expect(proxies.sets).toEqual([])
    expect(await readLease(records, request.id)).toMatchObject({ state: 'over', proxies: [{ state: 'put-back' }] })
  })

  it('is put back by the process that raised it itself when its istioctl was that slow', async () => {
    const records = memoryRecords()
    const proxies = new FakeProxies('a')
    const request = requestFor(proxies)
    const deps = depsOf(records, proxies)
    let isFirst = true
    proxies.beforeSet = async () => {
      if (isFirst) {
        isFirst = false
        await givenBackMeanwhile(deps, request.id)
        expect(await readLease(records, request.id)).toMatchObject({ state: 'over', proxies: [{ state: 'put-back' }] })
      }
    }
    await raise(deps, request, NEVER)
    expect(proxies.sets).toEqual(['a http:debug,router:debug', 'a http:warning,router:warning'])
    expect(proxies.at('a').levels).toEqual(USUAL)
  })
})

describe('a pod that takes the name of one that is being set', () => {
  const OWN = { ...USUAL, pool: 'info' }
  const STARTED = {
    levels: { ...OWN },
    args: ['proxy', 'sidecar', '--proxyLogLevel=warning', '--proxyComponentLogLevel=misc:error,pool:info'],
  }
  const LEVELS = { http: 'debug', pool: 'trace', router: 'debug' }

  /** From the next act on, the pod is another one before its first logger is set. */
  const replaceSoon = (proxies: FakeProxies): void => {
    proxies.beforeSet = () => {
      delete proxies.beforeSet
      proxies.add('a', structuredClone(STARTED))
    }
  }

  it('while it is raised: gets the levels it was started with', async () => {
    const records = memoryRecords()
    const proxies = new FakeProxies('a')
    replaceSoon(proxies)
    const lease = await raise(depsOf(records, proxies), requestFor(proxies, { settings: LEVELS }), NEVER)
    expect(lease).toMatchObject({
      state: 'over',
      proxies: [{ state: 'gone', says: 'another pod of that name took its place' }],
    })
    expect(lease.proxies[0]?.setting).toBeUndefined()
    expect(proxies.at('a').levels).toEqual(OWN)
  })

  it('while it is put back: the same', async () => {
    const records = memoryRecords()
    const proxies = new FakeProxies('a')
    Object.assign(proxies.at('a').levels, { http: 'error', pool: 'critical' })
    const { id } = await raise(depsOf(records, proxies), requestFor(proxies, { settings: LEVELS }), NEVER)
    replaceSoon(proxies)
    // What the former one had is not what this one has: nothing is raised on it, and nothing to be put back.
    proxies.at('a').levels.router = 'debug'
    expect(await putBack(depsOf(records, proxies), id, { why: 'time' }, NEVER)).toMatchObject({
      state: 'over',
      proxies: [{ state: 'gone' }],
    })
    expect(proxies.at('a').levels).toEqual(OWN)
  })

  it.each(['raised', 'put back'] as const)(
    'while it is %s by a process that is killed: the sweep puts it right',
    async (what) => {
      const records = memoryRecords()
      const proxies = new FakeProxies('a')
      Object.assign(proxies.at('a').levels, { http: 'error', pool: 'critical' })
      const deps = depsOf(records, proxies)
      const request = requestFor(proxies, { settings: LEVELS })
      class Killed extends Error {}
      const mortal: LeaseDeps = {
        ...deps,
        writer: {
          ...deps.writer,
          async setLogLevels(...args) {
            replaceSoon(proxies)
            await deps.writer.setLogLevels(...args)
            throw new Killed()
          },
        },
      }
      if (what === 'put back') await raise(deps, request, NEVER)
      await expect(
        what === 'raised' ? raise(mortal, request, NEVER) : putBack(mortal, request.id, { why: 'put back' }, NEVER),
      ).rejects.toThrow(Killed)
      expect(proxies.at('a').levels).not.toEqual(OWN)
      await givenBackMeanwhile(deps, request.id)
      expect(await readLease(records, request.id)).toMatchObject({ state: 'over', proxies: [{ state: 'gone' }] })
      expect(proxies.at('a').levels).toEqual(OWN)
    },
  )

  it('is left to whoever has raised it meanwhile', async () => {
    const records = memoryRecords()
    const proxies = new FakeProxies('a')
    const deps = depsOf(records, proxies)
    const first = requestFor(proxies, { settings: { http: 'debug' } })
    class Killed extends Error {}
    const mortal: LeaseDeps = { ...deps, writer: { ...deps.writer, setLogLevels: () => Promise.reject(new Killed()) } }
    await expect(raise(mortal, first, NEVER)).rejects.toThrow(Killed)
    proxies.add('a')
    await raise(deps, requestFor(proxies, { settings: { http: 'debug' } }), NEVER)
    await givenBackMeanwhile(deps, first.id)
    expect(proxies.at('a').levels.http).toBe('debug')
  })

  it('and does not answer: is tried again until it does', async () => {
    const records = memoryRecords()
    const proxies = new FakeProxies('a')
    const deps = depsOf(records, proxies)
    const request = requestFor(proxies, { settings: { http: 'debug' } })
    class Killed extends Error {}
    const mortal: LeaseDeps = { ...deps, writer: { ...deps.writer, setLogLevels: () => Promise.reject(new Killed()) } }
    await expect(raise(mortal, request, NEVER)).rejects.toThrow(Killed)
    proxies.add('a', { levels: { ...USUAL, http: 'debug' }, silent: 'EOF' })
    await givenBackMeanwhile(deps, request.id)
    expect(await readLease(records, request.id)).toMatchObject({
      state: 'putting-back',
      proxies: [{ state: 'unreachable', says: 'EOF', setting: { http: 'debug' } }],
    })
    delete proxies.at('a').silent
    await givenBackMeanwhile(deps, request.id)
    expect(await readLease(records, request.id)).toMatchObject({ state: 'over', proxies: [{ state: 'gone' }] })
    expect(proxies.at('a').levels).toEqual(USUAL)
  })
})

describe('a proxy in hand', () => {
  const HOW = { signal: NEVER, patience: 0 }

  it('is in one at a time', async () => {
    const records = memoryRecords()
    let inside = 0
    const act = async (): Promise<string> => {
      inside += 1
      expect(inside).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 5))
      inside -= 1
      return 'done'
    }
    const patient = await Promise.all(
      Array.from({ length: 4 }, () => withProxyLock(records, 'uid', { signal: NEVER, patience: 5000 }, act)),
    )
    expect(patient).toEqual(['done', 'done', 'done', 'done'])
    const impatient = await Promise.all(Array.from({ length: 4 }, () => withProxyLock(records, 'uid', HOW, act)))
    expect(impatient.filter((one) => one === 'done')).toHaveLength(1)
  })

  it('is let go after an error, and of others is not kept', async () => {
    const records = memoryRecords()
    await expect(
      withProxyLock(records, 'uid', HOW, () => Promise.reject(new UnseenError('timeout', 'slow'))),
    ).rejects.toThrow('slow')
    expect(
      await withProxyLock(records, 'uid', HOW, () =>
        withProxyLock(records, 'other', HOW, () => Promise.resolve('both')),
      ),
    ).toBe('both')
  })

  it('is lost before another may take it', async () => {
    const records = memoryRecords()
    await withProxyLock(records, 'uid', HOW, async (lock) => {
      lock.requireTime()
      const now = Date.now()
      vi.useFakeTimers({ toFake: ['Date'] })
      vi.setSystemTime(now + 14_001)
      expect(() => {
        lock.requireTime()
      }).toThrow(UnseenError)
      expect(await withProxyLock(records, 'uid', HOW, () => Promise.resolve('taken'))).toBeUndefined()
      vi.setSystemTime(now + 20_100)
      expect(await withProxyLock(records, 'uid', HOW, () => Promise.resolve('taken'))).toBe('taken')
    })
  })

  it('is not waited for longer than one waits', async () => {
    const records = memoryRecords()
    const stop = new AbortController()
    await withProxyLock(records, 'uid', HOW, async () => {
      const waiting = withProxyLock(records, 'uid', { signal: stop.signal, patience: 10_000 }, () =>
        Promise.resolve('never'),
      )
      stop.abort(new Error('closing'))
      await expect(waiting).rejects.toThrow()
    })
  })
})
