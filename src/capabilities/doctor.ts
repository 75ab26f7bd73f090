import type { SelfTestItem } from '../diagnosis/self-test.ts'
import type { Clients } from '../evidence/clients/clients.ts'
import type { RunRecord } from '../store/runs.ts'
import { carryOut } from './carry-out.ts'
import type { Processor, ProcessorDeps } from './processor.ts'

/** Tries one part of what the bot stands on. */
export type SelfTest = (signal: AbortSignal) => Promise<SelfTestItem[]>

export interface DoctorDeps extends ProcessorDeps {
  /** Permissions, istioctl, Prometheus. */
  testCluster: (clients: Clients, signal: AbortSignal) => Promise<SelfTestItem[]>
  /** What the other rooms can say of themselves: Slack's scopes. */
  selfTests: readonly SelfTest[]
  store: { kind: 'redis' | 'embedded'; ping(): Promise<void> }
}

/** The self-test. That it runs in a job at all is the test of the queue. */
export function doctor(deps: DoctorDeps): Processor {
  return carryOut(deps, async (run, _thread, signal) => {
    const groups = await Promise.all([
      ...deps.selfTests.map((test) => attempt('self-test', () => test(signal))),
      attempt('queue and store', () => testStore(deps, run)),
      attempt('cluster', () => deps.testCluster(deps.clients, signal)),
    ])
    signal.throwIfAborted()
    return { kind: 'doctor', items: groups.flat(), askedAt: run.createdAt }
  })
}

async function testStore({ store }: DoctorDeps, run: RunRecord): Promise<SelfTestItem[]> {
  const waited = Date.now() - Date.parse(run.createdAt)
  const began = performance.now()
  await store.ping()
  const milliseconds = Math.max(1, Math.round(performance.now() - began))
  const where = store.kind === 'redis' ? 'Redis' : 'embedded PGlite, one process only'
  return [
    { name: 'queue', ok: true, says: `this job waited ${(waited / 1000).toFixed(1)} s from the command to the worker` },
    { name: 'store', ok: true, says: `${where}; answers in ${milliseconds} ms` },
  ]
}

/** A self-test that breaks is itself a finding. */
async function attempt(name: string, test: () => Promise<SelfTestItem[]>): Promise<SelfTestItem[]> {
  try {
    return await test()
  } catch (error) {
    return [
      {
        name,
        ok: false,
        says: error instanceof Error ? error.message : String(error),
        remedy: 'Look into the log of mesh-medic.',
      },
    ]
  }
}
