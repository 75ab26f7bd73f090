import { beforeEach, describe, expect, it } from 'vitest'
import { listLeases, readLease } from '../../src/leases/lease-record.ts'
import { ASK_ONLY, type Policy } from '../../src/fixes/policy.ts'
import { READ_ONLY } from '../../src/fixes/read-only.ts'
import { raise } from '../../src/capabilities/raise-log-levels.ts'
import { logLevels } from '../../src/capabilities/log-levels.ts'
import { carryOut, type CarryOutDeps, type Processor } from '../../src/capabilities/carry-out.ts'
import { processors } from '../../src/capabilities/processors.ts'
import type { RunRequest } from '../../src/capabilities/index.ts'
import { auditEntries } from '../../src/store/audit.ts'
import { confirmPost } from '../../src/store/posts.ts'
import type { Records } from '../../src/store/records.ts'
import { createRun, readRun, updateRun, type RunRecord } from '../../src/store/runs.ts'
import { FakeProxies, USUAL } from '../leases/fake-proxies.ts'
import { NEVER } from '../leases/house.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { capabilityDeps } from './deps.ts'
import { FakeBoard } from './fake-board.ts'
import { FakeThread } from './fake-thread.ts'

const POLICY: Policy = {
  ...ASK_ONLY,
  roles: () => ({ operator: { users: ['U_ONCALL'], groups: ['S_SRE'] } }),
  slackGroups: () => ['S_SRE'],
  leases: { proxies: 2, minutes: 15, ztunnels: false },
}
const RAISE: Extract<RunRequest, { kind: 'raise-log-levels' }> = {
  kind: 'raise-log-levels',
  text: 'catalog',
  namespace: 'shop',
  target: { key: 'service/shop/catalog', kind: 'Service', namespace: 'shop', name: 'catalog' },
  raise: { levels: { http: 'debug', router: 'debug' } },
}

let records: Records
let proxies: FakeProxies
let thread: FakeThread
let board: FakeBoard
beforeEach(() => {
  records = memoryRecords()
  proxies = new FakeProxies('a', 'b', 'c')
  thread = new FakeThread()
  board = new FakeBoard({ S_SRE: ['U_SRE'] })
})

function deps(more: Partial<CarryOutDeps> = {}): CarryOutDeps {
  return capabilityDeps(records, {
    clients: proxies.clients,
    checks: [],
    openThread: () => thread,
    cancelPoll: 5,
    policy: POLICY,
    writer: { ...READ_ONLY, ...proxies.writer },
    board,
    ...more,
  }).deps
}

const asked = (request: RunRequest = RAISE, user = 'U_ONCALL'): Promise<RunRecord> =>
  createRun(records, { request, asker: { user }, channel: 'C_MESH', thread: '1.1' })
const carried = async (processor: Processor, run: RunRecord): Promise<RunRecord | undefined> => {
  await processor({ run: run.id, kind: run.request.kind }, NEVER)
  return readRun(records, run.id)
}
const refusals = (): string[] =>
  thread.told.filter(([what]) => what === 'refused').map(([, error]) => (error as Error).message)
const events = async (): Promise<string[]> => (await auditEntries(records)).map(({ entry }) => entry.event)

describe('raising, in a channel', () => {
  it('raises on as many proxies as may be, tells the lease, and keeps its place', async () => {
    const run = await asked()
    expect(await carried(carryOut(deps(), raise), run)).toMatchObject({ state: 'done', outcome: { verdict: 'raised' } })
    expect(thread.told.at(-1)).toEqual(['answer', { kind: 'raise-log-levels', lease: run.id }])
    expect(await readLease(records, run.id)).toMatchObject({
      state: 'raised',
      run: run.id,
      channel: 'C_MESH',
      thread: '1.1',
      target: 'service/shop/catalog',
      asked: { text: 'catalog', namespace: 'shop' },
      notes: [
        '2 of its 3 proxies',
        'about 38 lines of log for each request; how many there are is not known: neither the access log nor Prometheus tells',
      ],
      by: { user: 'U_ONCALL' },
    })
    expect(['a', 'b', 'c'].map((name) => proxies.at(name).levels.http)).toEqual(['debug', 'debug', 'warning'])
    expect(await events()).toEqual(['lease-granted', 'diagnosis-finished'])
  })

  it('carries out what an earlier version was asked for and put into the queue', async () => {
    const { raise: lend, ...request } = RAISE
    await records.write('runs', 'old', {
      id: 'old',
      state: 'queued',
      request: { ...request, kind: 'lend', lend },
      asker: { user: 'U_ONCALL' },
      channel: 'C_MESH',
      thread: '1.1',
      createdAt: new Date().toISOString(),
    })
    await processors(deps()).process({ run: 'old', kind: 'lend' }, NEVER)
    expect(await readRun(records, 'old')).toMatchObject({ state: 'done', outcome: { verdict: 'raised' } })
    expect(await readLease(records, 'old')).toMatchObject({ state: 'raised', lent: RAISE.raise?.levels })
  })

  it('raises what was named, for as long', async () => {
    const run = await asked({ ...RAISE, raise: { levels: { pool: 'trace' }, minutes: 2, pods: ['c'] } })
    await carried(carryOut(deps(), raise), run)
    const lease = await readLease(records, run.id)
    expect(lease).toMatchObject({ lent: { pool: 'trace' }, proxies: [{ pod: { name: 'c' } }] })
    expect(Date.parse(lease?.until ?? '') - Date.parse(lease?.from ?? '')).toBe(120_000)
    expect(lease?.notes).toEqual([
      'about 16 lines of log for each request; how many there are is not known: neither the access log nor Prometheus tells',
    ])
  })

  it('is told again by another worker, without raising again', async () => {
    const run = await asked()
    await carried(carryOut(deps(), raise), run)
    await updateRun(records, run.id, (now) => ({ ...now, state: 'running' }))
    await carried(carryOut(deps(), raise), run)
    expect(thread.said).toEqual(['open', 'answer', 'open', 'answer'])
    expect(proxies.sets).toHaveLength(2)
  })

  it.each([
    [
      'minutes beyond the limit',
      { levels: { http: 'debug' }, minutes: 30 },
      '30 minutes are more than one lease may last: 15 minutes',
    ],
    [
      'proxies beyond the limit',
      { levels: { http: 'debug' }, proxies: 3 },
      'That is 3 proxies; at most 2 are raised at a time',
    ],
    ['half a proxy', { levels: { http: 'debug' }, proxies: 0.5 }, '0.5 is not a number of pods'],
    ['an unknown logger', { levels: { htp: 'debug' } }, 'The proxy has no logger "htp" (nearest: http, http2)'],
    [
      'a pod of another target',
      { levels: { http: 'debug' }, pods: ['x'] },
      'No running proxy of the target is in a pod "x"',
    ],
    ['no levels', { levels: {} }, 'No logger and level was given'],
  ])('%s: refused, with nothing stored or set', async (_what, wanted, why) => {
    const run = await asked({ ...RAISE, raise: wanted })
    expect(await carried(carryOut(deps(), raise), run)).toMatchObject({
      state: 'done',
      outcome: { verdict: 'refused' },
    })
    expect(refusals()).toEqual([expect.stringContaining(why)])
    expect(await listLeases(records)).toEqual([])
    expect(proxies.sets).toEqual([])
    expect(await events()).toEqual(['lease-refused'])
  })

  it('a proxy that does not answer, alone: refused with why', async () => {
    proxies = new FakeProxies('a')
    proxies.at('a').silent = 'Error: failed to execute command on Envoy: EOF'
    await carried(carryOut(deps(), raise), await asked())
    expect(refusals()).toEqual(['No log level was raised. a: Error: failed to execute command on Envoy: EOF.'])
    expect(await events()).toEqual(['lease-refused'])
  })

  it('what somebody else has: refused with who and until when', async () => {
    await carried(carryOut(deps(), raise), await asked({ ...RAISE, raise: { levels: { http: 'debug' }, pods: ['a'] } }))
    await carried(
      carryOut(deps(), raise),
      await asked({ ...RAISE, raise: { levels: { http: 'trace' }, pods: ['a'] } }, 'U_SRE'),
    )
    expect(refusals()).toEqual([
      expect.stringMatching(
        /^No log level was raised\. a: http is already raised by U_ONCALL until \d\d:\d\d:\d\d UTC/,
      ),
    ])
    expect(proxies.at('a').levels.http).toBe('debug')
  })

  it('a target without a sidecar, or one that is not there', async () => {
    proxies = new FakeProxies()
    await carried(carryOut(deps(), raise), await asked())
    await carried(carryOut(deps(), raise), await asked({ ...RAISE, text: 'catalg' }))
    expect(refusals()).toEqual([
      'catalog in shop has no pods.',
      'There is no service catalg in namespace shop. Nearest: catalog.',
    ])
  })

  it('a person without the role is answered alone, and the thread stays as it is', async () => {
    const run = await asked(RAISE, 'U_GUEST')
    expect(await carried(carryOut(deps(), raise), run)).toMatchObject({
      state: 'done',
      outcome: { verdict: 'refused' },
    })
    expect(thread.said).toEqual([])
    expect(board.told).toEqual([
      [
        'privately',
        'U_GUEST',
        expect.objectContaining({ why: expect.stringContaining('that requires the role operator') as string }),
      ],
    ])
    expect(await events()).toEqual(['lease-refused'])
    expect(proxies.sets).toEqual([])
  })

  it('a person without the role whose run has its message already is answered there', async () => {
    const run = await asked(RAISE, 'U_GUEST')
    await confirmPost(records, run.id, 'parent', { ts: '1.2' })
    await carried(carryOut(deps(), raise), run)
    expect(thread.said).toEqual(['refused'])
    expect(board.told).toEqual([])
  })

  it('a member of a group with the role may', async () => {
    await carried(carryOut(deps(), raise), await asked(RAISE, 'U_SRE'))
    expect(thread.said).toEqual(['open', 'answer'])
  })

  it('cancelled half-way: what was set is put back before it is told', async () => {
    const run = await asked()
    let told: unknown
    thread.cancelled = () => {
      told = ['a', 'b'].map((name) => proxies.at(name).levels)
      return Promise.resolve()
    }
    proxies.beforeSet = async (pod, logger) => {
      if (pod !== 'b' || logger !== 'router') return
      await updateRun(records, run.id, (now) => ({ ...now, cancelAsked: true, cancelAskedBy: 'U_SECOND' }))
      // istioctl goes on for a moment.
      delete proxies.beforeSet
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
    expect(await carried(carryOut(deps(), raise), run)).toMatchObject({ state: 'cancelled' })
    expect(told).toEqual([USUAL, USUAL])
    expect(await readLease(records, run.id)).toMatchObject({
      state: 'over',
      ended: { why: 'put back', by: 'U_SECOND' },
    })
  })
})

describe('showing levels', () => {
  it('reads every proxy, and says which does not answer', async () => {
    proxies.at('b').silent = 'EOF'
    await carried(carryOut(deps(), logLevels), await asked({ kind: 'log-levels', text: 'catalog' }))
    expect(thread.told.at(-1)).toMatchObject([
      'answer',
      {
        kind: 'log-levels',
        proxies: [{ pod: { name: 'a' }, levels: USUAL }, { pod: { name: 'b' }, says: 'EOF' }, { pod: { name: 'c' } }],
      },
    ])
    expect(proxies.sets).toEqual([])
  })

  it('reads twenty at most', async () => {
    proxies = new FakeProxies(...Array.from({ length: 25 }, (_, index) => `p${String(index).padStart(2, '0')}`))
    await carried(carryOut(deps(), logLevels), await asked({ kind: 'log-levels', text: 'catalog' }))
    expect(thread.told.at(-1)?.[1]).toMatchObject({ proxies: Array.from({ length: 20 }, () => ({ levels: USUAL })) })
  })

  it('may be asked by everybody', async () => {
    expect(
      await carried(carryOut(deps(), logLevels), await asked({ kind: 'log-levels', text: 'catalog' }, 'U_GUEST')),
    ).toMatchObject({ state: 'done', outcome: { verdict: 'shown' } })
  })
})
