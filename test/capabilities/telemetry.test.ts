import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { carryOut } from '../../src/capabilities/carry-out.ts'
import { telemetry } from '../../src/capabilities/telemetry.ts'
import { parseRecording, replayClients } from '../../src/evidence/clients/recording.ts'
import { createRun, readRun } from '../../src/store/runs.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { capabilityDeps } from './deps.ts'
import { FakeThread } from './fake-thread.ts'

const RECORDING = join(import.meta.dirname, '..', 'diagnosis', 'telemetry', 'slow-pod.recording.json')

async function asked(text: string): Promise<{ told: unknown; record: unknown }> {
  const records = memoryRecords()
  const thread = new FakeThread()
  const clients = replayClients(parseRecording(readFileSync(RECORDING, 'utf8')))
  const { deps } = capabilityDeps(records, { openThread: () => thread, clients })
  const request = { kind: 'telemetry', text, namespace: 'shop', window: 120 }
  const run = await createRun(records, { request, asker: { user: 'U_ONCALL' }, channel: 'C_MESH' })
  await carryOut(deps, telemetry)({ run: run.id, kind: 'telemetry' }, new AbortController().signal)
  return { told: thread.told.at(-1), record: await readRun(records, run.id) }
}

it('tells what was counted, and its record says how it ended', async () => {
  const { told, record } = await asked('catalog')
  expect(told).toMatchObject(['answer', { kind: 'telemetry', telemetry: { differences: [{ answer: '504 UT' }] } }])
  expect(record).toMatchObject({
    state: 'done',
    outcome: { verdict: 'shown', sentence: expect.stringMatching(/^Clients see .*; servers see 100 %\.$/) as string },
  })
})

it('names the nearest where there is no such target', async () => {
  const { told, record } = await asked('catlog')
  expect(told).toMatchObject(['refused', { why: expect.stringContaining('catlog') as string }])
  expect(record).toMatchObject({ state: 'done', outcome: { verdict: 'refused' } })
})
