import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import { CONCURRENCY, Gathering, look } from '../../src/evidence/gather.ts'
import type { AnyStep } from '../../src/evidence/step.ts'

const NOW = '2026-11-24T00:00:00.000Z'
const unused = (): never => {
  throw new Error('no client is asked here')
}
const clients: Clients = {
  kubernetes: { list: unused, log: unused, allowed: unused, version: unused },
  istioctl: { run: unused },
  now: () => new Date(NOW),
}

const step = (id: string, collect: (signal: AbortSignal) => Promise<[]>): AnyStep => ({
  id,
  kind: 'pods',
  of: { kind: 'Namespace', name: 'shop' },
  group: 'workloads',
  title: id,
  source: `kubectl get ${id}`,
  collect: (_, signal) => collect(signal),
})
const never = (): Promise<[]> => new Promise(() => {})
// eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a collector may throw anything
const failing = (error: unknown): AnyStep => step('pods', () => Promise.reject(error))

describe('a look', () => {
  it('that succeeds says what was seen, of what, when and how to repeat it', async () => {
    expect(
      await look(
        step('pods', () => Promise.resolve([])),
        clients,
      ),
    ).toEqual({
      kind: 'pods',
      of: { kind: 'Namespace', name: 'shop' },
      source: 'kubectl get pods',
      at: NOW,
      ok: true,
      value: [],
    })
  })

  it.each([
    [
      'was refused',
      new UnseenError('forbidden', 'pods is forbidden', { permission: { verb: 'list', group: '', resource: 'pods' } }),
      { reason: 'forbidden', detail: 'pods is forbidden', permission: { verb: 'list', group: '', resource: 'pods' } },
    ],
    [
      'found nobody there',
      new UnseenError('unavailable', 'connection refused'),
      { reason: 'unavailable', detail: 'connection refused' },
    ],
    ['could not be read', new SyntaxError('Unexpected token'), { reason: 'unparsable', detail: 'Unexpected token' }],
    [
      'met fields of another form',
      new TypeError("Cannot read properties of undefined (reading 'items')"),
      { reason: 'unparsable' },
    ],
    ['broke in any other way', new Error('socket hang up'), { reason: 'unavailable', detail: 'socket hang up' }],
    ['threw something that is no error', 'just a text', { reason: 'unavailable', detail: 'just a text' }],
    [
      'failed with a secret in its words',
      new UnseenError('unavailable', 'Authorization: Bearer abc.DEF-123456'),
      { detail: 'Authorization: [redacted]' },
    ],
  ])('that %s is blind, never an error', async (_, error, expected) => {
    expect(await look(failing(error), clients)).toMatchObject({
      ok: false,
      kind: 'pods',
      source: 'kubectl get pods',
      at: NOW,
      ...expected,
    })
  })

  it('whose collector throws before it even begins is blind too', async () => {
    const thrown = {
      ...step('pods', never),
      collect: () => {
        throw new Error('at once')
      },
    } as AnyStep
    expect(await look(thrown, clients)).toMatchObject({ ok: false, reason: 'unavailable', detail: 'at once' })
  })

  it('that does not end is given up, though its collector hears no signal', async () => {
    expect(await look(step('pods', never), clients, { stepTimeout: 30 })).toMatchObject({
      ok: false,
      reason: 'timeout',
      detail: 'no answer within 0.03 s',
    })
  })

  it('tells its collector when its time is over', async () => {
    let told = false
    await look(
      step(
        'pods',
        (signal) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              told = true
              reject(new Error('stopped'))
            })
          }),
      ),
      clients,
      { stepTimeout: 20 },
    )
    expect(told).toBe(true)
  })
})

describe('a gathering', () => {
  it('has a reading for every step, whatever some of them do', async () => {
    const gathering = new Gathering(clients, { stepTimeout: 50 })
    await gathering.gather([
      step('a', () => Promise.resolve([])),
      failing(new Error('x')),
      step('c', never),
      step('d', async () => {
        await sleep(5)
        return []
      }),
    ])
    expect(gathering.readings.map(({ ok }) => ok).sort()).toEqual([false, false, true, true])
  })

  it.each([[1], [3], [undefined]])('has at most %s steps under way', async (concurrency) => {
    let now = 0
    let most = 0
    const steps = Array.from({ length: 20 }, (_, index) =>
      step(`step-${index}`, async () => {
        now += 1
        most = Math.max(most, now)
        await sleep(2)
        now -= 1
        if (index % 3 === 0) throw new Error('some fail')
        return []
      }),
    )
    const gathering = new Gathering(clients, { concurrency })
    await Promise.all([gathering.gather(steps.slice(0, 12)), gathering.gather(steps.slice(12))])
    expect(most).toBe(concurrency ?? CONCURRENCY)
    expect(gathering.readings).toHaveLength(20)
  })

  it('tells of each step as it starts and ends', async () => {
    const told: string[] = []
    const gathering = new Gathering(clients, {
      concurrency: 1,
      onStarted: ({ id }) => told.push(`${id} started`),
      onFinished: ({ id }, { ok }, milliseconds) => told.push(`${id} ${ok ? 'seen' : 'blind'} ${milliseconds >= 0}`),
    })
    await gathering.gather([step('a', () => Promise.resolve([])), failing(new Error('x'))])
    expect(told).toEqual(['a started', 'a seen true', 'pods started', 'pods blind true'])
  })

  it('that is cancelled ends at once, with the reason, and begins nothing more', async () => {
    const abort = new AbortController()
    const begun: string[] = []
    const gathering = new Gathering(clients, { signal: abort.signal, concurrency: 2 })
    const gathered = gathering.gather(
      ['a', 'b', 'c', 'd'].map((id) =>
        step(id, () => {
          begun.push(id)
          return never()
        }),
      ),
    )
    await sleep(5)
    abort.abort(new Error('the person said stop'))
    await expect(gathered).rejects.toThrow('the person said stop')
    await sleep(5)
    expect(begun).toEqual(['a', 'b'])
    expect(gathering.readings).toEqual([])
    await expect(
      gathering.gather([
        step('e', () => {
          begun.push('e')
          return Promise.resolve([])
        }),
      ]),
    ).rejects.toThrow('the person said stop')
    expect(begun).toEqual(['a', 'b'])
  })
})
