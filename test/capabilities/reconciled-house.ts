import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { missingSubset } from '../../src/checks/missing-subset.ts'
import { rejectedConfiguration } from '../../src/checks/rejected-configuration.ts'
import type { ChangeBoard } from '../../src/capabilities/change-board.ts'
import { processors } from '../../src/capabilities/processors.ts'
import { sweepChanges } from '../../src/capabilities/sweep-changes.ts'
import { sweepRuns } from '../../src/capabilities/sweep.ts'
import { policyOf } from '../../src/config/policy.ts'
import { parseRecording } from '../../src/evidence/clients/recording.ts'
import { type ClusterWriter } from '../../src/fixes/cluster-writer.ts'
import { readChange, type ChangeRecord } from '../../src/fixes/record.ts'
import type { RunJob } from '../../src/queue/queue.ts'
import { recordedMesh } from '../../src/sandbox/recorded-mesh.ts'
import { SlackUnavailableError } from '../../src/slack/transport/slack-trouble.ts'
import { auditEntries, verifyAudit } from '../../src/store/audit.ts'
import type { Records } from '../../src/store/records.ts'
import { createRun, isFinished, readRun, updateRun, type RunRecord } from '../../src/store/runs.ts'
import { SCENARIOS } from '../situation.ts'
import { failingRecords, type StoreFailure } from '../store/failing-records.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { rememberingLog } from '../slack/house.ts'
import { capabilityDeps } from './deps.ts'
import { FakeBoard } from './fake-board.ts'
import { FakeThread } from './fake-thread.ts'

const NEVER = new AbortController().signal
const recording = (situation: string, twin: 'ill' | 'mended'): ReturnType<typeof parseRecording> =>
  parseRecording(readFileSync(join(SCENARIOS, situation, twin, 'recording.json'), 'utf8'))
export const [ILL, MENDED] = [recording('chapter-10', 'ill'), recording('chapter-10', 'mended')]
export const REJECTED = recording('rejected-envoyfilter', 'ill')

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
export const away = (): Promise<never> => Promise.reject(new SlackUnavailableError('Slack did not answer.'))

/** A change that waits for its approval, as `propose` has stored it. */
let proposed: ChangeRecord
let isProposed = false

export interface House {
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

export async function house({
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
export const aged = (records: Records, run: string, milliseconds = 120_000): Promise<RunRecord> =>
  updateRun(records, run, (now) => ({ ...now, createdAt: new Date(Date.now() - milliseconds).toISOString() }))

/** Has a fix of the recorded mesh proposed, for every house that is opened afterwards. */
export async function propose(): Promise<ChangeRecord> {
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
  return proposed
}

/** Approves while the store fails from an operation on, until three attempts are over; mends it, and sweeps. */
export async function trial(
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
