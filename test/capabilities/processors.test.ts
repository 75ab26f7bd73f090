import { beforeAll, describe, expect, it } from 'vitest'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { auditTrail } from '../../src/capabilities/audit-trail.ts'
import { diagnose } from '../../src/capabilities/diagnose.ts'
import type { CarryOutDeps } from '../../src/capabilities/carry-out.ts'
import type { RunRequest } from '../../src/capabilities/index.ts'
import { processors } from '../../src/capabilities/processors.ts'
import { keepAnswer, keptAnswer } from '../../src/capabilities/kept-answer.ts'
import { sweepRuns } from '../../src/capabilities/sweep.ts'
import type { RunJob } from '../../src/queue/queue.ts'
import { auditEntries, verifyAudit } from '../../src/store/audit.ts'
import { claimTarget } from '../../src/store/claims.ts'
import { StoreUnavailableError, type Records } from '../../src/store/records.ts'
import {
  createRun,
  isFinished,
  noteOpenRuns,
  readRun,
  updateRun,
  type RunRecord,
  type StoredRequest,
} from '../../src/store/runs.ts'
import { recordedClients } from '../replay.ts'
import { rememberingLog, type Logged } from '../slack/house.ts'
import { heldClients } from '../slack/slow-clients.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { capabilityDeps } from './deps.ts'
import { FakeThread } from './fake-thread.ts'

const CATALOG: RunRequest = {
  kind: 'diagnose',
  text: 'catalog',
  target: { key: 'service/istioinaction/catalog', kind: 'Service', namespace: 'istioinaction', name: 'catalog' },
}
const NEVER = new AbortController().signal

let records: Records
beforeAll(() => {
  records = memoryRecords()
})

function bench(more: Partial<CarryOutDeps> = {}): {
  thread: FakeThread
  work: ReturnType<typeof processors>
  logged: Logged[]
} {
  const thread = new FakeThread()
  const { deps, logged } = capabilityDeps(records, {
    openThread: () => thread,
    meshStatus: () => Promise.resolve({ proxies: [], controlPlane: [], versions: [], unseen: [] }),
    testCluster: () => Promise.resolve([{ name: 'list pods', ok: true, says: 'allowed' }]),
    ...more,
  })
  return { thread, work: processors(deps), logged }
}

async function asked(request: StoredRequest = CATALOG): Promise<{ run: RunRecord; job: RunJob }> {
  const run = await createRun(records, { request, asker: { user: 'U_ONCALL' }, channel: 'C_MESH' })
  if (request.target !== undefined) await claimTarget(records, request.target.key, run.id)
  return { run, job: { run: run.id, kind: request.kind } }
}

const events = async (run: string): Promise<string[]> =>
  (await auditEntries(records)).filter(({ entry }) => entry.run === run).map(({ entry }) => entry.event)

describe('diagnose', () => {
  it('tells progress and the answer, stores the outcome, gives the target back, and notes it', async () => {
    const { thread, work } = bench()
    const { run, job } = await asked()
    await work.process(job, NEVER)
    expect(thread.said).toEqual(['open', 'answer'])
    expect(thread.progresses.at(-1)).toMatchObject({ target: { name: 'catalog' } })
    expect(thread.progresses.at(-1)!.steps.every(({ outcome }) => outcome === 'seen')).toBe(true)
    expect(await readRun(records, run.id)).toMatchObject({ state: 'done', outcome: { verdict: 'ill' } })
    expect(await claimTarget(records, CATALOG.target!.key, 'next')).toBe('next')
    expect(await events(run.id)).toEqual(['diagnosis-finished'])
    expect(await keptAnswer(records, run.id, diagnose.answer)).toMatchObject({
      kind: 'diagnose',
      report: { verdict: 'ill' },
      shown: {
        'proxy-status': expect.stringMatching(/^\d+ proxies connected, 0 refused something, 0 stale$/) as unknown,
      },
    })
  })

  it('does nothing for a run that has ended, or is forgotten', async () => {
    const { thread, work } = bench()
    const { run, job } = await asked()
    await updateRun(records, run.id, (now) => ({ ...now, state: 'done' }))
    await work.process(job, NEVER)
    await work.process({ run: 'forgotten', kind: 'diagnose' }, NEVER)
    expect(thread.said).toEqual([])
  })

  it('tells the kept answer instead of looking again', async () => {
    const { thread, work } = bench({
      clients: {
        ...recordedClients('chapter-10/ill'),
        kubernetes: {
          ...recordedClients('chapter-10/ill').kubernetes,
          list: () => Promise.reject(new Error('asked again')),
        },
      },
    })
    const { run, job } = await asked({ kind: 'status', text: '' })
    await keepAnswer(records, run.id, {
      kind: 'status',
      status: { proxies: [], controlPlane: [], versions: [{ version: 'kept', proxies: 1 }], unseen: [] },
    })
    await work.process(job, NEVER)
    expect(thread.told.at(-1)).toMatchObject(['answer', { status: { versions: [{ version: 'kept' }] } }])
  })

  it('ends a run whose target is gone by now', async () => {
    const { thread, work } = bench()
    const { run, job } = await asked({ kind: 'diagnose', text: 'gone' })
    await work.process(job, NEVER)
    expect(thread.said).toEqual(['open', 'refused'])
    expect(await readRun(records, run.id)).toMatchObject({
      state: 'done',
      outcome: { verdict: 'refused', sentence: 'There is no service gone.' },
    })
  })

  it('stops within a moment when the record says so, whoever wrote it', async () => {
    const held = heldClients(recordedClients('chapter-10/ill'))
    const { thread, work } = bench({ clients: held.clients })
    const { run, job } = await asked()
    const processing = work.process(job, NEVER)
    await updateRun(records, run.id, (now) => ({ ...now, cancelAsked: true, cancelAskedBy: 'U_SECOND' }))
    await processing
    expect(thread.told.at(-1)).toEqual(['cancelled', 'U_SECOND'])
    expect((await readRun(records, run.id))?.state).toBe('cancelled')
    expect(await events(run.id)).toEqual(['diagnosis-cancelled'])
  })

  it('says that it failed, once, when the mistake is ours', async () => {
    const broken: Clients = {
      ...recordedClients('chapter-10/ill'),
      now: () => {
        throw new TypeError('a mistake')
      },
    }
    const { thread, work, logged } = bench({ clients: broken })
    const { run, job } = await asked()
    await work.process(job, NEVER)
    expect(thread.said).toEqual(['open', 'failed'])
    expect((await readRun(records, run.id))?.state).toBe('failed')
    expect(await events(run.id)).toEqual(['diagnosis-failed'])
    expect(logged.find(({ says }) => says === 'a run failed')?.fields).toMatchObject({ run: run.id })
  })

  it('is tried again when the store is away, waits for it when there are no tries left, and says that it failed after an hour', async () => {
    const { thread, work } = bench({
      records: { ...records, write: () => Promise.reject(new StoreUnavailableError('write')) },
    })
    const { run, job } = await asked()
    await expect(work.process(job, NEVER)).rejects.toThrow(StoreUnavailableError)
    expect(thread.said).toEqual(['open'])
    const last = bench()
    await last.work.gaveUp(job, new StoreUnavailableError('write'))
    expect(last.thread.said).toEqual([])
    expect(isFinished((await readRun(records, run.id))!)).toBe(false)
    await updateRun(records, run.id, (now) => ({ ...now, createdAt: new Date(Date.now() - 3_600_000).toISOString() }))
    await last.work.gaveUp(job, new StoreUnavailableError('write'))
    expect(last.thread.said).toEqual(['failed'])
    expect((await readRun(records, run.id))?.state).toBe('failed')
  })

  it('is begun for the queue once its record says so, and not before', async () => {
    const refusing: Records = { ...records, write: () => Promise.reject(new StoreUnavailableError('write')) }
    const { job, run } = await asked()
    let begun = 0
    const states: unknown[] = []
    const note = async (): Promise<void> => {
      begun += 1
      states.push((await readRun(records, run.id))?.state)
    }
    await expect(bench({ records: refusing }).work.process(job, NEVER, note)).rejects.toThrow(StoreUnavailableError)
    expect(begun).toBe(0)
    await bench().work.process(job, NEVER, note)
    expect(states).toEqual(['running'])
  })
})

describe('doctor', () => {
  it('collects every self-test, and a test that breaks is a failed one', async () => {
    const { thread, work } = bench({
      selfTests: [
        () => Promise.reject(new Error('no answer')),
        () => Promise.resolve([{ name: 'Slack', ok: true, says: 'connected' }]),
      ],
    })
    const { run, job } = await asked({ kind: 'doctor', text: '' })
    await work.process(job, NEVER)
    const [, answer] = thread.told.at(-1) as [string, { items: { name: string; ok: boolean }[] }]
    expect(answer.items.map(({ name, ok }) => `${name} ${ok}`)).toEqual([
      'self-test false',
      'Slack true',
      'queue true',
      'store true',
      'list pods true',
    ])
    expect(await readRun(records, run.id)).toMatchObject({
      outcome: { verdict: 'ill', sentence: '1 of 5 self-tests failed' },
    })
  })
})

describe('the sweep', () => {
  it('enqueues what nobody works on, leaves what is new or over, and gives up what is old', async () => {
    const { thread, work } = bench()
    const ages = {
      fresh: 0,
      waiting: 121_000,
      old: 2 * 3_600_000,
      over: 120_000,
      mute: 120_000,
      'old and mute': 2 * 3_600_000,
    }
    const ids: Record<string, string> = {}
    for (const [name, age] of Object.entries(ages)) {
      const { run } = await asked({ kind: 'status', text: name })
      ids[name] = run.id
      await updateRun(records, run.id, (now) => ({
        ...now,
        createdAt: new Date(Date.now() - age).toISOString(),
        state: name === 'over' ? 'done' : 'running',
        ...(!name.includes('mute') && { thread: '1795482395.439000' }),
      }))
    }
    const enqueued: RunJob[] = []
    const { log } = rememberingLog()
    await sweepRuns({
      records,
      audit: auditTrail(records, log),
      gaveUp: work.gaveUp,
      log,
      queue: {
        enqueue: (job) => {
          enqueued.push(job)
          return Promise.resolve()
        },
        counts: () => Promise.reject(new Error('not asked')),
      },
    })
    expect(enqueued).toEqual([
      { run: ids.waiting, kind: 'status' },
      { run: ids.mute, kind: 'status' },
    ])
    expect(thread.said).toEqual(['failed'])
    expect((await readRun(records, ids.old!))?.state).toBe('failed')
    expect((await readRun(records, ids['old and mute']!))?.state).toBe('failed')
    expect((await readRun(records, ids.mute!))?.state).toBe('running')
  })
})

describe('a run of another version', () => {
  const unknown = { kind: 'read-minds', text: 'catalog' }
  const otherwise = { kind: 'decide', text: 'approve', decision: 'approve' }

  it('is given up by a worker, and said in the log', async () => {
    for (const request of [unknown, otherwise]) {
      const { thread, work, logged } = bench()
      const { run, job } = await asked(request)
      await work.process(job, NEVER)
      expect(thread.said).toEqual([])
      expect((await readRun(records, run.id))?.state).toBe('failed')
      expect(await events(run.id)).toEqual(['diagnosis-failed'])
      expect(logged).toMatchObject([{ level: 'error', fields: { run: run.id, kind: request.kind } }])
    }
  })

  it('is given up when it has no attempts left', async () => {
    const { work } = bench()
    const { run, job } = await asked(unknown)
    await work.gaveUp(job, new Error('no more'))
    expect((await readRun(records, run.id))?.state).toBe('failed')
  })

  it('does not keep the sweep from the others', async () => {
    const own = memoryRecords()
    const ids: string[] = []
    for (const request of [unknown, CATALOG]) {
      const { id } = await createRun(own, { request, asker: { user: 'U_ONCALL' }, channel: 'C_MESH', thread: '1.1' })
      await updateRun(own, id, (now) => ({ ...now, createdAt: new Date(Date.now() - 120_000).toISOString() }))
      ids.push(id)
    }
    await own.write('runs', 'older', { id: 'older', request: 'catalog' })
    await noteOpenRuns(own)
    const enqueued: string[] = []
    const { log, logged } = rememberingLog()
    await sweepRuns({
      records: own,
      audit: auditTrail(own, log),
      gaveUp: bench().work.gaveUp,
      log,
      queue: {
        enqueue: ({ run }) => {
          enqueued.push(run)
          return Promise.resolve()
        },
        counts: () => Promise.reject(new Error('not asked')),
      },
    })
    expect(enqueued).toEqual([ids[1]])
    expect((await readRun(own, ids[0]!))?.state).toBe('failed')
    expect(logged.map(({ fields }) => fields.run)).toEqual(['older', ids[0]])
  })
})

it('works an answer out again that was kept in another shape', async () => {
  const { thread, work } = bench()
  const { run, job } = await asked({ kind: 'status', text: '' })
  await keepAnswer(records, run.id, { kind: 'status', mesh: [] })
  await work.process(job, NEVER)
  expect(thread.told.at(-1)).toMatchObject(['answer', { status: { proxies: [] } }])
})

describe('the audit trail', () => {
  it('keeps the chain whole when much is noted at once', async () => {
    const room = memoryRecords()
    const note = auditTrail(room, rememberingLog().log)
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => note({ event: 'command-refused', by: { user: 'U' }, facts: { index } })),
    )
    expect(await verifyAudit(room)).toMatchObject({ ok: true, entries: 50 })
  })

  it('says in the log what could not be noted, and does not reject', async () => {
    const { log, logged } = rememberingLog()
    await auditTrail(
      { ...records, lastEntry: () => Promise.reject(new StoreUnavailableError('read')) },
      log,
    )({ event: 'command-refused', by: { user: 'U' } })
    expect(logged).toMatchObject([{ level: 'error', says: 'audit event was not recorded' }])
  })
})
