import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { carryOut } from '../../src/capabilities/carry-out.ts'
import type { RunRequest } from '../../src/capabilities/index.ts'
import { turnOnAccessLogs } from '../../src/capabilities/turn-on-access-logs.ts'
import { parseRecording } from '../../src/evidence/clients/recording.ts'
import { RESOURCES } from '../../src/evidence/collectors/objects.ts'
import { ASK_ONLY, type Policy } from '../../src/fixes/policy.ts'
import { readLease } from '../../src/leases/lease-record.ts'
import { recordedMesh, type RecordedMesh } from '../../src/sandbox/recorded-mesh.ts'
import type { Records } from '../../src/store/records.ts'
import { createRun, readRun, updateRun, type RunRecord } from '../../src/store/runs.ts'
import { NEVER } from '../leases/house.ts'
import { SCENARIOS } from '../situation.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { capabilityDeps } from './deps.ts'
import { FakeThread } from './fake-thread.ts'

const POLICY: Policy = { ...ASK_ONLY, roles: () => ({ operator: { users: ['U_ONCALL'] } }) }
const TURN_ON: RunRequest = { kind: 'turn-on-access-logs', text: 'deploy/catalog', namespace: 'istioinaction' }
const recording = (twin: 'ill' | 'mended'): ReturnType<typeof parseRecording> =>
  parseRecording(readFileSync(join(SCENARIOS, 'access-log-off', twin, 'recording.json'), 'utf8'))
const [ill, mended] = [recording('ill'), recording('mended')]

let records: Records
let thread: FakeThread
beforeEach(() => {
  records = memoryRecords()
  thread = new FakeThread()
})

async function carried(
  { clients, writer }: Pick<RecordedMesh, 'clients' | 'writer'>,
  request = TURN_ON,
  onceRaised?: (run: string) => Promise<unknown>,
): Promise<RunRecord> {
  const run = await createRun(records, { request, asker: { user: 'U_ONCALL' }, channel: 'C_MESH', thread: '1.1' })
  const istioctl: typeof clients.istioctl = {
    run: async (...args) => {
      if ((await readLease(records, run.id))?.state === 'raised') await onceRaised?.(run.id)
      return clients.istioctl.run(...args)
    },
  }
  const { deps } = capabilityDeps(records, {
    clients: { ...clients, istioctl },
    writer,
    policy: POLICY,
    openThread: () => thread,
    cancelPoll: 5,
  })
  await carryOut(deps, turnOnAccessLogs)({ run: run.id, kind: run.request.kind }, NEVER)
  return (await readRun(records, run.id)) ?? run
}
const lentIn = async ({ clients }: RecordedMesh): Promise<string[]> =>
  (await clients.kubernetes.list(RESOURCES.telemetries, { namespace: 'istioinaction' }, NEVER))
    .map(({ metadata }) => metadata.name)
    .filter((name) => name.startsWith('mesh-medic-'))

describe('access logs, in a channel', () => {
  it('are turned on for the one workload, and what its proxies have is told', async () => {
    const mesh = recordedMesh({ ill, mended })
    const run = await carried(mesh)
    expect(run).toMatchObject({ state: 'done', outcome: { verdict: 'turned on' } })
    expect(await readLease(records, run.id)).toMatchObject({
      state: 'raised',
      notes: ['seen in the configuration of 1 proxy'],
    })
    expect(await lentIn(mesh)).toEqual([`mesh-medic-${run.id}`])
  })

  it('are put back before it is told that the run was cancelled, while its proxies were looked at', async () => {
    const mesh = recordedMesh({ ill, mended })
    // They never take it: it is looked again and again.
    const { istioctl } = recordedMesh({ ill, mended }).clients
    let lent: string[] | undefined
    thread.cancelled = async () => {
      lent = await lentIn(mesh)
    }
    const run = await carried({ ...mesh, clients: { ...mesh.clients, istioctl } }, TURN_ON, (id) =>
      updateRun(records, id, (now) => ({ ...now, cancelAsked: true, cancelAskedBy: 'U_SECOND' })),
    )
    expect(run).toMatchObject({ state: 'cancelled' })
    expect(lent).toEqual([])
    expect(await readLease(records, run.id)).toMatchObject({
      state: 'over',
      ended: { why: 'put back', by: 'U_SECOND' },
    })
  })

  it('that were on before do not show that the proxies took another format', async () => {
    const run = await carried(recordedMesh({ ill: mended, mended }), { ...TURN_ON, provider: 'envoy' })
    expect(await readLease(records, run.id)).toMatchObject({
      state: 'raised',
      notes: ['access logs were on before, in another format'],
    })
  })
})
