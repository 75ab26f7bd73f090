import { z } from 'zod'
import type { SelfTestItem } from '../diagnosis/self-test.ts'
import type { RunRecord } from '../store/runs.ts'
import { defineCapability } from './capability.ts'
import type { CapabilityDeps } from './deps.ts'

const DoctorAnswer = z.object({
  kind: z.literal('doctor'),
  items: z.array(z.custom<SelfTestItem>((value) => typeof value === 'object' && value !== null && 'ok' in value)),
  askedAt: z.string(),
})
export type DoctorAnswer = z.infer<typeof DoctorAnswer>

/** The self-test. That it runs in a job at all is the test of the queue. */
export const doctor = defineCapability({
  kind: 'doctor',
  request: z.object({ kind: z.literal('doctor'), text: z.string() }),
  answer: DoctorAnswer,
  role: 'viewer',
  audit: { asked: 'diagnosis-asked' },
  async work(deps, run, _thread, signal): Promise<DoctorAnswer> {
    const groups = await Promise.all([
      ...deps.selfTests.map((test) => attempt('self-test', () => test(signal))),
      attempt('queue and store', () => testStore(deps, run)),
      attempt('cluster', () => deps.testCluster(deps.clients, signal)),
    ])
    signal.throwIfAborted()
    return { kind: 'doctor', items: groups.flat(), askedAt: run.createdAt }
  },
  outcome({ items }) {
    const bad = items.filter(({ ok }) => !ok).length
    return { verdict: bad === 0 ? 'healthy' : 'ill', sentence: `${bad} of ${items.length} self-tests failed` }
  },
})

async function testStore({ store }: CapabilityDeps, run: RunRecord): Promise<SelfTestItem[]> {
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
        remedy: 'Look at the log of mesh-medic.',
      },
    ]
  }
}
