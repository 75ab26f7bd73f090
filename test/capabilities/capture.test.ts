import { expect, it } from 'vitest'
import { capture, type CaptureAnswer, type CaptureRequest } from '../../src/capabilities/capture.ts'
import { carryOut } from '../../src/capabilities/carry-out.ts'
import { ASK_ONLY } from '../../src/fixes/policy.ts'
import { readApproval, updateApproval } from '../../src/leases/captures/approval.ts'
import { readLease } from '../../src/leases/lease-record.ts'
import { captureAnswer } from '../../src/slack/answers/capture.ts'
import { createRun, readRun, type RunRecord } from '../../src/store/runs.ts'
import { shownIn } from '../slack/texts.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { mesh, name } from './capture-mesh.ts'
import { capabilityDeps } from './deps.ts'
import { FakeThread } from './fake-thread.ts'

const OPERATOR = { user: 'U_ONCALL' }

async function asked(
  policy: Partial<typeof ASK_ONLY> = {},
  { clients, writer, seen } = mesh(),
  request: Record<string, unknown> = {},
  records = memoryRecords(),
) {
  const thread = new FakeThread()
  const { deps } = capabilityDeps(records, {
    openThread: () => thread,
    clients,
    writer,
    policy: {
      ...ASK_ONLY,
      roles: () => ({ operator: { users: [OPERATOR.user] } }),
      fourEyes: () => false,
      captures: { image: { image: 'tools', pullPolicy: 'Never' } },
      ...policy,
    },
  })
  const run = await createRun(records, {
    request: { kind: 'capture', text: `pod/${name}`, namespace: 'istioinaction', port: 3000, ...request },
    asker: OPERATOR,
    channel: 'C_MESH',
  })
  await carryOut(deps, capture)({ run: run.id, kind: 'capture' }, new AbortController().signal)
  const [how, told] = thread.told.at(-1) ?? []
  return {
    how,
    told: told as CaptureAnswer & Error,
    records,
    run: (await readRun(records, run.id)) as RunRecord<CaptureRequest>,
    lease: await readLease(records, run.id),
    seen,
  }
}

it('captures for an operator, explains it, and the lease is over with it', async () => {
  const { how, told, run, lease, seen } = await asked()
  expect([how, told.message]).toEqual(['answer', undefined])
  expect(told.report.findings.map(({ check }) => check)).toEqual(['client-closed-first', 'answer-after-close'])
  expect(Buffer.from(told.pcap ?? '', 'base64').toString('latin1')).not.toContain('user-agent')
  expect(run).toMatchObject({ state: 'done', outcome: { verdict: 'captured' } })
  expect(run.outcome?.sentence).toContain("the proxy's side closed (FIN)")
  expect(lease).toMatchObject({ state: 'over', kind: 'captures', proxies: [{ state: 'put-back' }] })
  expect(seen).toMatchObject({ running: new Set(), ended: 1 })
})

it('nobody else may, and nothing is started', async () => {
  const { how, lease, seen } = await asked({ roles: () => ({}) })
  expect(how).not.toBe('answer')
  expect(lease).toBeUndefined()
  expect(seen.running.size).toBe(0)
})

it('where four eyes are wanted, for payload, and for who is no operator, it waits for approval: nothing is started', async () => {
  for (const [policy, request, waits] of [
    [{ fourEyes: () => true }, {}, { needs: 1, approvals: [] }],
    [{}, { payload: true }, { needs: 2, approvals: [{ user: 'U_ONCALL' }] }],
    [{ fourEyes: () => true }, { payload: true }, { needs: 2, approvals: [] }],
    [{ roles: () => ({ operator: { users: ['U_SECOND'] } }) }, {}, { needs: 1, approvals: [] }],
  ] as const) {
    const { told, records, run, seen, lease } = await asked(policy, mesh(), request)
    expect(told).toEqual({ kind: 'capture', approval: run.id })
    const approval = await readApproval(records, run.id)
    expect(approval).toMatchObject({ state: 'asked', ...waits, packets: { port: 3000 } })
    expect(approval?.notes.join()).toContain(
      `container mesh-medic-capture-${approval?.run}, which ends and stays in the pod's specification`,
    )
    expect([lease, seen.orders, seen.running.size]).toEqual([undefined, [], 0])
    expect(run).toMatchObject({ state: 'done', outcome: { verdict: 'asked' } })
  }
})

it('an approval is for one run: a request that names that of another one waits again', async () => {
  const first = await asked({ fourEyes: () => true })
  await updateApproval(first.records, first.run.id, (now) => ({ ...now, state: 'approved' }))
  const { told, seen } = await asked({ fourEyes: () => true }, mesh(), { approval: first.run.id }, first.records)
  expect(told).toMatchObject({ approval: expect.any(String) as unknown })
  expect(seen.orders).toEqual([])
})

it('without an image: who can change that', async () => {
  const { how, told } = await asked({ captures: {} })
  expect(how).not.toBe('answer')
  expect(told.message).toContain('No image to capture with is configured')
})

it('nothing could be captured: why, and nothing goes on', async () => {
  const broken = mesh()
  broken.writer.capturePackets = () => Promise.reject(new (class extends Error {})('no'))
  await asked({}, broken).catch(() => undefined)
  expect(broken.seen.running.size).toBe(0)
})

it('its message has few lines; the capture is posted only where the channel may have it', async () => {
  const { told, records, run } = await asked()
  const telling = {} as never
  const shown = await captureAnswer.shown({ records, telling, policy: ASK_ONLY }, told, run)
  const text = shownIn(shown.message)
  expect(text).toContain("GET /items; 496 to 503 ms later the proxy's side closed")
  expect(text.split('\n').length).toBeLessThanOrEqual(12)
  expect(shown.file?.().name).toMatch(/\.txt$/)
  const posted = await captureAnswer.shown(
    { records, telling, policy: { ...ASK_ONLY, postsCaptures: () => true } },
    told,
    run,
  )
  expect(posted.file?.().name).toMatch(/\.pcap$/)
  expect(posted.file?.().content).toEqual(Buffer.from(told.pcap ?? '', 'base64'))
})

it('a capture that is larger than what is kept is explained, and that it is not posted is said', async () => {
  const { told, records, run } = await asked()
  const { pcap: _pcap, ...large } = told
  const policy = { ...ASK_ONLY, postsCaptures: () => true }
  const shown = await captureAnswer.shown({ records, telling: {} as never, policy }, large, run)
  expect(shownIn(shown.message)).toContain('larger than what is kept (768 kB), and is not posted')
  expect(shown.file?.().name).toMatch(/\.txt$/)
})
