import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { capture, type CaptureAnswer } from '../../src/capabilities/capture.ts'
import { carryOut } from '../../src/capabilities/carry-out.ts'
import type { Running } from '../../src/evidence/clients/exec.ts'
import { captureName, type PodWithAdded } from '../../src/fixes/capture-pod.ts'
import type { CaptureWriter } from '../../src/fixes/capturing.ts'
import { ASK_ONLY } from '../../src/fixes/policy.ts'
import { READ_ONLY } from '../../src/fixes/read-only.ts'
import { readLease } from '../../src/leases/lease-record.ts'
import { captureAnswer } from '../../src/slack/answers/capture.ts'
import { createRun, readRun } from '../../src/store/runs.ts'
import { recordedCapture } from '../capture/recorded.ts'
import { recordedClients, recordingOf } from '../replay.ts'
import { shownIn } from '../slack/texts.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { capabilityDeps } from './deps.ts'
import { FakeThread } from './fake-thread.ts'

const MESH = 'chapter-10/ill'
const name = recordingOf(MESH)
  .calls.flatMap(({ call, json }) =>
    call.startsWith('kubernetes list') && Array.isArray(json) ? (json as PodWithAdded[]) : [],
  )
  .find(({ kind, metadata }) => kind === 'Pod' && metadata.name.startsWith('catalog-v2-'))!.metadata.name
const OPERATOR = { user: 'U_ONCALL' }

/** A recorded mesh in which a container can be added to that pod; `ended` counts how often one was ended. */
function mesh(bytes = recordedCapture('slow-pod-lo')) {
  const clients = recordedClients(MESH)
  const seen = { running: new Set<string>(), ended: 0 }
  const { kubernetes } = clients
  const list: typeof kubernetes.list = async (resource, where, signal) => {
    if (where.fields === 'metadata.name=kube-system')
      return [{ kind: 'Namespace', metadata: { name: 'kube-system', uid: 'cluster' } }]
    if (where.fields !== `metadata.name=${name}`) return kubernetes.list(resource, where, signal)
    const all = (await kubernetes.list(resource, { namespace: where.namespace }, signal)) as PodWithAdded[]
    const added = [...seen.running].map((lease) => ({ name: captureName(lease), state: { running: {} } }))
    return all
      .filter(({ metadata }) => metadata.name === name)
      .map((pod) => ({
        ...pod,
        spec: { ...pod.spec!, ephemeralContainers: added },
        status: { ...pod.status, ephemeralContainerStatuses: added },
      }))
  }
  const writer: CaptureWriter = {
    refusesCapture: () => Promise.resolve(undefined),
    startCapture: ({ lease }) => Promise.resolve(void seen.running.add(lease)),
    capturePackets: () => {
      const output = new PassThrough()
      output.end(bytes)
      return Promise.resolve<Running>({
        output,
        ended: Promise.resolve({ said: '133 packets captured', exitCode: 0 }),
        close: () => undefined,
      })
    },
    endCapture({ lease }) {
      seen.ended += 1
      seen.running.delete(lease)
      return Promise.resolve()
    },
  }
  return { clients: { ...clients, kubernetes: { ...kubernetes, list } }, writer: { ...READ_ONLY, ...writer }, seen }
}

async function asked(
  policy: Partial<typeof ASK_ONLY> = {},
  { clients, writer, seen } = mesh(),
  request: Record<string, unknown> = {},
) {
  const records = memoryRecords()
  const thread = new FakeThread()
  const { deps } = capabilityDeps(records, {
    openThread: () => thread,
    clients,
    writer,
    policy: {
      ...ASK_ONLY,
      roles: () => ({ operator: { users: [OPERATOR.user] } }),
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
    run: (await readRun(records, run.id))!,
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
  expect(seen).toEqual({ running: new Set(), ended: 1 })
})

it('nobody else may, and nothing is started', async () => {
  const { how, lease, seen } = await asked({ roles: () => ({}) })
  expect(how).not.toBe('answer')
  expect(lease).toBeUndefined()
  expect(seen.running.size).toBe(0)
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
