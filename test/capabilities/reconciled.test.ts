import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { missingSubset } from '../../src/checks/missing-subset.ts'
import { rejectedConfiguration } from '../../src/checks/rejected-configuration.ts'
import type { ChangeBoard } from '../../src/capabilities/change-board.ts'
import { processors } from '../../src/capabilities/processors.ts'
import { sweepChanges } from '../../src/capabilities/sweep-changes.ts'
import { sweepRuns } from '../../src/capabilities/sweep.ts'
import { policyOf } from '../../src/config/policy.ts'
import { parseRecording } from '../../src/evidence/clients/recording.ts'
import { WriteError, type ClusterWriter } from '../../src/fixes/cluster-writer.ts'
import { readChange, updateChange, type ChangeRecord } from '../../src/fixes/record.ts'
import type { RunJob } from '../../src/queue/queue.ts'
import { recordedMesh } from '../../src/sandbox/recorded-mesh.ts'
import { SlackUnavailableError } from '../../src/slack/transport/slack-trouble.ts'
import { auditEntries, verifyAudit } from '../../src/store/audit.ts'
import type { Records } from '../../src/store/records.ts'
import { createRun, isFinished, readRun, updateRun, type RunRecord } from '../../src/store/runs.ts'
import { SCENARIOS } from '../situation.ts'
import { failingRecords, STORE_FAILURES, type StoreFailure } from '../store/failing-records.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { rememberingLog } from '../slack/house.ts'
import { capabilityDeps } from './deps.ts'
import { FakeBoard } from './fake-board.ts'
import { FakeThread } from './fake-thread.ts'

const NEVER = new AbortController().signal
const recording = (situation: string, twin: 'ill' | 'mended'): ReturnType<typeof parseRecording> =>
  parseRecording(readFileSync(join(SCENARIOS, situation, twin, 'recording.json'), 'utf8'))
const [ILL, MENDED] = [recording('chapter-10', 'ill'), recording('chapter-10', 'mended')]
const REJECTED = recording('rejected-envoyfilter', 'ill')

const POLICY = policyOf({
  channels: { C_MESH: { roles: { approver: { users: ['U_ONCALL', 'U_SECOND', 'U_THIRD'] } } } },
  identities: {
    users: {
      U_SECOND: { user: 'second@example.com', groups: [] },
      U_THIRD: { user: 'third@example.com', groups: [] },
    },
  },
  changes: { proofSeconds: 0.001 },
})

/** Slack as long as it does not answer. */
const away = (): Promise<never> => Promise.reject(new SlackUnavailableError('Slack did not answer.'))

/** A change that waits for its approval, as `propose` has stored it. */
let proposed: ChangeRecord
let isProposed = false

interface House {
  records: Records
  writes: string[]
  board: FakeBoard
  thread: FakeThread
  press(verb: 'approve' | 'reject' | 'undo', user: string): Promise<RunRecord>
  /** As a worker and its queue do: three attempts, then it is given up. */
  work(run: string, records?: Records): Promise<void>
  /** The sweep, and the work on what it puts into the queue. */
  sweep(): Promise<RunJob[]>
  change(): Promise<ChangeRecord>
  events(): Promise<string[]>
}

async function house({
  mended = MENDED,
  writer = (real) => real,
  board: given,
}: {
  mended?: typeof MENDED
  writer?: (real: ClusterWriter) => ClusterWriter
  board?: (records: Records) => Partial<ChangeBoard>
} = {}): Promise<House> {
  const real = memoryRecords()
  if (isProposed) await real.write('changes', proposed.id, proposed)
  const [board, thread] = [new FakeBoard(), new FakeThread()]
  const mesh = recordedMesh({ ill: ILL, mended })
  const writes: string[] = []
  const written = new Set<string>()
  const counting = writer({
    ...mesh.writer,
    write: async (permit, index, signal) => {
      const { verb, ref } = permit.writes[index]!
      const name = `${permit.undoes === true ? 'undo ' : ''}${verb} ${ref.kind} ${ref.name}`
      // As the writer sees its mark in the object: what has landed is not written twice.
      if (!written.has(name)) writes.push(name)
      written.add(name)
      return mesh.writer.write(permit, index, signal)
    },
  })
  const deps = (records: Records) =>
    capabilityDeps(records, {
      clients: mesh.clients,
      checks: [missingSubset, rejectedConfiguration],
      openThread: () => thread,
      policy: POLICY,
      writer: counting,
      board: Object.assign(board, given?.(records)),
      queue: { enqueue: () => Promise.resolve(), counts: () => Promise.reject(new Error('not asked')) },
      proofEvery: 1,
    }).deps
  const work = async (run: string, records = real): Promise<void> => {
    const { process, gaveUp } = processors(deps(records))
    const job = { run, kind: 'decide' }
    let last: unknown
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      try {
        await process(job, NEVER)
        return
      } catch (error) {
        last = error
      }
    }
    await gaveUp(job, last as Error).catch(() => undefined)
  }
  return {
    records: real,
    writes,
    board,
    thread,
    work,
    async press(verb, user) {
      return createRun(real, {
        request: { kind: 'decide', text: verb, change: proposed.id, decision: { verb } },
        asker: { user },
        channel: 'C_MESH',
        thread: '1795482395.439000',
      })
    },
    async sweep() {
      const { log } = rememberingLog()
      const all = deps(real)
      const jobs: RunJob[] = []
      await sweepChanges({ records: real, board: all.board, log })
      await sweepRuns({
        records: real,
        audit: all.audit,
        log,
        gaveUp: processors(all).gaveUp,
        queue: {
          ...all.queue,
          enqueue: (job, options) => {
            // The queue keeps the ids of what it has given up.
            if (options?.again === true) jobs.push(job)
            return Promise.resolve()
          },
        },
      })
      for (const { run } of jobs) await work(run)
      return jobs
    },
    change: async () => (await readChange(real, proposed.id))!,
    events: async () =>
      (await auditEntries(real)).map(({ entry }) => entry.event).filter((event) => event.startsWith('fix-')),
  }
}

/** Lets a run be old enough to be swept. */
const aged = (records: Records, run: string, milliseconds = 120_000): Promise<RunRecord> =>
  updateRun(records, run, (now) => ({ ...now, createdAt: new Date(Date.now() - milliseconds).toISOString() }))

beforeAll(async () => {
  const { records } = await house()
  const mesh = recordedMesh({ ill: ILL, mended: MENDED })
  const { deps } = capabilityDeps(records, {
    clients: mesh.clients,
    writer: mesh.writer,
    checks: [missingSubset],
    policy: POLICY,
  })
  const run = await createRun(records, {
    request: { kind: 'propose', text: 'catalog', namespace: 'istioinaction' },
    asker: { user: 'U_ONCALL' },
    channel: 'C_MESH',
    thread: '1795482395.439000',
  })
  await processors(deps).process({ run: run.id, kind: 'propose' }, NEVER)
  isProposed = true
  proposed = { ...(await readChange(records, run.id))!, expiresAt: new Date(Date.now() + 3600_000).toISOString() }
})

/** Approves while the store fails from an operation on, until three attempts are over; mends it, and sweeps. */
async function trial(
  failure: StoreFailure,
  from: number,
  mended: typeof MENDED,
): Promise<{ home: House; failed: boolean }> {
  const home = await house({ mended })
  const failing = failingRecords(home.records, failure, from)
  const run = await home.press('approve', 'U_SECOND')
  await home.work(run.id, failing.records)
  failing.mend()
  await aged(home.records, run.id)
  for (let swept = 0; swept < 3 && !isFinished((await readRun(home.records, run.id))!); swept += 1) await home.sweep()
  expect(isFinished((await readRun(home.records, run.id))!)).toBe(true)
  expect(home.thread.said.at(-1), `told after ${failure} from ${from}`).toBe('answer')
  expect(await verifyAudit(home.records)).toMatchObject({ ok: true })
  return { home, failed: failing.hasFailed }
}

/** Each way to fail begins at every third operation, each at another one: together at every one. */
describe.each(STORE_FAILURES.map((failure, index) => [failure, index + 1] as const))(
  'an approval while the store %s',
  (failure, first) => {
    it('is written once, proved and told, wherever in it that begins', async () => {
      let from = first
      for (let failed = true; failed; from += 3) {
        const { home, failed: more } = await trial(failure, from, MENDED)
        expect(await home.change(), `from ${from}`).toMatchObject({ state: 'proved', proof: { outcome: 'gone' } })
        expect(home.writes).toEqual(['apply DestinationRule catalog'])
        expect(await home.events(), `from ${from}`).toEqual(['fix-approved', 'fix-applied', 'fix-verified'])
        failed = more
      }
      expect(from).toBeGreaterThan(15)
    }, 60_000)

    it('is undone once by itself where things got worse, wherever in it that begins', async () => {
      let from = first
      for (let failed = true; failed; from += 3) {
        const { home, failed: more } = await trial(failure, from, REJECTED)
        expect(await home.change(), `from ${from}`).toMatchObject({ state: 'undone', proof: { outcome: 'worse' } })
        expect(home.writes).toEqual(['apply DestinationRule catalog', 'undo delete DestinationRule catalog'])
        expect(await home.events()).toEqual(['fix-approved', 'fix-applied', 'fix-verified', 'fix-undone'])
        failed = more
      }
      expect(from).toBeGreaterThan(20)
    }, 60_000)
  },
)

describe('an approval while Slack does not answer', () => {
  it.each([
    ['proved', 'two minutes', 120_000, MENDED, ['fix-approved', 'fix-applied', 'fix-verified']],
    ['proved', 'twenty hours', 20 * 3600_000, MENDED, ['fix-approved', 'fix-applied', 'fix-verified']],
    ['undone', 'two minutes', 120_000, REJECTED, ['fix-approved', 'fix-applied', 'fix-verified', 'fix-undone']],
  ] as const)('is %s all the same, and told when it does after %s', async (state, _after, age, mended, events) => {
    const home = await house({ mended })
    const [answer, open] = [home.thread.answer.bind(home.thread), home.thread.open.bind(home.thread)]
    Object.assign(home.thread, { answer: away, open: away })
    const run = await home.press('approve', 'U_SECOND')
    await home.work(run.id)
    expect(await home.change()).toMatchObject({ state })
    expect(isFinished((await readRun(home.records, run.id))!)).toBe(false)
    expect(home.thread.said).toEqual([])
    Object.assign(home.thread, { answer, open })
    await aged(home.records, run.id, age)
    await home.sweep()
    expect(home.thread.said.at(-1)).toBe('answer')
    expect(isFinished((await readRun(home.records, run.id))!)).toBe(true)
    expect(await home.change()).toMatchObject({ state })
    expect(await home.events()).toEqual(events)
  })
})

describe('a change that was begun', () => {
  const unreached = (): Promise<never> =>
    Promise.reject(new WriteError('unavailable', 'the API server could not be reached', { sent: true }))

  /** A cluster that does not answer a write, or a rehearsal, until it does. */
  async function withoutCluster(
    what: 'write' | 'rehearse',
  ): Promise<{ home: House; run: RunRecord; back: () => void }> {
    let isAway = true
    const home = await house({
      writer: (real) => ({
        ...real,
        [what]: (...args: never[]) =>
          isAway ? unreached() : (real[what] as (...all: never[]) => Promise<unknown>)(...args),
      }),
    })
    const run = await home.press('approve', 'U_SECOND')
    await home.work(run.id)
    return { home, run, back: () => void (isAway = false) }
  }

  it.each(['over', 'forgotten'] as const)('is taken up again where its run is %s', async (end) => {
    const { home, run, back } = await withoutCluster('write')
    expect((await home.change()).state).toBe('applying')
    if (end === 'over') await updateRun(home.records, run.id, (now) => ({ ...now, state: 'failed' }))
    else await home.records.remove('runs', run.id)
    back()
    await home.sweep()
    await aged(home.records, run.id)
    await home.sweep()
    expect(await home.change()).toMatchObject({ state: 'proved', decided: { user: 'U_SECOND' } })
    expect((await readRun(home.records, run.id))!).toMatchObject({ state: 'done', asker: { user: 'U_SECOND' } })
    expect(home.writes).toHaveLength(1)
  })

  it('is left alone at its end', async () => {
    const home = await house()
    const run = await home.press('approve', 'U_SECOND')
    await home.work(run.id)
    const told = home.thread.said.length
    await updateRun(home.records, run.id, (now) => ({ ...now, state: 'failed' }))
    expect(await home.sweep()).toEqual([])
    expect(home.thread.said).toHaveLength(told)
    expect((await readRun(home.records, run.id))!.state).toBe('failed')
  })

  it('says that nothing was written, where it was approved long ago and nobody came to it', async () => {
    const { home, run } = await withoutCluster('rehearse')
    expect((await home.change()).state).toBe('approved')
    await aged(home.records, run.id, 2 * 3600_000)
    await home.sweep()
    expect(await home.change()).toMatchObject({
      state: 'failed',
      failure: expect.stringMatching(/Nothing was written\.$/) as string,
    })
    expect(home.writes).toEqual([])
    expect(home.thread.said.at(-1)).toBe('answer')
  })

  it('is not called applied by a worker that takes it up after it was refused', async () => {
    const home = await house({
      writer: (real) => ({ ...real, write: () => Promise.reject(new WriteError('forbidden', 'you may not')) }),
    })
    const answer = home.thread.answer.bind(home.thread)
    Object.assign(home.thread, { answer: away })
    const run = await home.press('approve', 'U_SECOND')
    await home.work(run.id)
    Object.assign(home.thread, { answer })
    await aged(home.records, run.id)
    await home.sweep()
    expect(await home.change()).toMatchObject({ state: 'failed', failure: 'you may not' })
    expect(await home.events()).toEqual(['fix-approved', 'fix-failed'])
    expect(home.thread.said.at(-1)).toBe('answer')
  })

  it('waits for a cluster that does not answer, and is proved when it does', async () => {
    const { home, run, back } = await withoutCluster('write')
    expect((await home.change()).state).toBe('applying')
    back()
    await aged(home.records, run.id)
    await home.sweep()
    expect(await home.change()).toMatchObject({ state: 'proved' })
  })
})

describe('a proposal whose time is over', () => {
  it('loses its buttons when Slack answers again, and one that Slack does not take keeps no other from it', async () => {
    const home = await house()
    const late = new Date(Date.now() - 1000).toISOString()
    await updateChange(home.records, proposed.id, (change) => ({ ...change, expiresAt: late }))
    const other = { ...(await home.change()), id: 'zz-another' }
    await home.records.write('changes', other.id, other)
    const proposal = home.board.proposal
    home.board.proposal = (change) => (change.id === proposed.id ? away() : proposal(change))
    await home.sweep()
    expect(home.board.said).toEqual(['proposal expired'])
    home.board.proposal = proposal
    await home.sweep()
    await home.sweep()
    expect(home.board.said).toEqual(['proposal expired', 'proposal expired'])
  })
})

describe('a diagnosis that failed while Slack did not answer', () => {
  it('is not over before that is told', async () => {
    const home = await house()
    const failed = home.thread.failed.bind(home.thread)
    const { id } = await createRun(home.records, {
      request: { kind: 'status', text: '' },
      asker: { user: 'U_ONCALL' },
      channel: 'C_MESH',
      thread: '1795482395.439000',
    })
    await aged(home.records, id, 2 * 3600_000)
    Object.assign(home.thread, { failed: away })
    await home.sweep()
    expect(isFinished((await readRun(home.records, id))!)).toBe(false)
    Object.assign(home.thread, { failed })
    await home.sweep()
    expect(home.thread.said).toEqual(['failed'])
    expect((await readRun(home.records, id))!.state).toBe('failed')
  })
})
