import { expect, it } from 'vitest'
import { carryOut } from '../../src/capabilities/carry-out.ts'
import { status } from '../../src/capabilities/status.ts'
import { meshStatus } from '../../src/diagnosis/mesh-status.ts'
import { createRun, readRun } from '../../src/store/runs.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { capabilityDeps } from './deps.ts'
import { FakeThread } from './fake-thread.ts'

it.each([undefined, 'istioinaction'])(
  'tells how the proxies stand, of namespace %s, and its record says how it ended',
  async (namespace) => {
    const records = memoryRecords()
    const thread = new FakeThread()
    const { deps } = capabilityDeps(records, { openThread: () => thread, meshStatus })
    const request = { kind: 'status', text: namespace ?? '', namespace }
    const run = await createRun(records, { request, asker: { user: 'U_ONCALL' }, channel: 'C_MESH' })
    await carryOut(deps, status)({ run: run.id, kind: 'status' }, new AbortController().signal)
    const [what, told] = thread.told.at(-1)!
    const answer = status.answer.parse(told)
    expect([what, answer.kind]).toEqual(['answer', 'status'])
    const namespaces = new Set(answer.status.proxies.map(({ pod }) => pod.namespace))
    expect(namespaces.has('istioinaction')).toBe(true)
    expect(namespaces.size === 1).toBe(namespace !== undefined)
    expect(await readRun(records, run.id)).toMatchObject({
      state: 'done',
      outcome: status.outcome(answer),
    })
  },
)

it('says which namespaces there are when it is asked about one that there is not', async () => {
  const records = memoryRecords()
  const thread = new FakeThread()
  const { deps } = capabilityDeps(records, { openThread: () => thread, meshStatus })
  const request = { kind: 'status', text: 'istioinactoin', namespace: 'istioinactoin' }
  const run = await createRun(records, { request, asker: { user: 'U_ONCALL' }, channel: 'C_MESH' })
  await carryOut(deps, status)({ run: run.id, kind: 'status' }, new AbortController().signal)
  expect(thread.told.at(-1)).toMatchObject(['refused', { code: 'unknown-namespace', nearest: ['istioinaction'] }])
  expect(await readRun(records, run.id)).toMatchObject({ state: 'done', outcome: { verdict: 'refused' } })
})
