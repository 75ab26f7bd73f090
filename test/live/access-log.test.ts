import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { listLeases, readLease } from '../../src/leases/lease-record.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import { auditEntries } from '../../src/store/audit.ts'
import { createRun } from '../../src/store/runs.ts'
import { onRedis, redisIsPresent, startRedis } from '../redis-server.ts'
import { openAccessLogNamespace, type AccessLogNamespace } from './access-log-mesh.ts'
import { openLiveBot } from './bot.ts'
import { kubectl, until } from './mesh.ts'

const NAMESPACE = process.env.MESH_MEDIC_TEST_ACCESS_LOG_NAMESPACE ?? 'access-log'
const OFF = `apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: { name: no-access-logs }
spec: { accessLogging: [{ providers: [{ name: envoy }], disabled: true }] }
`

let mesh: AccessLogNamespace
let before: Record<string, unknown>
beforeAll(async () => {
  mesh = await openAccessLogNamespace(NAMESPACE)
  await kubectl(['-n', NAMESPACE, 'apply', '-f', '-'], OFF)
  before = await mesh.telemetries()
}, 180_000)
afterAll(async () => {
  await kubectl(['delete', 'namespace', NAMESPACE, '--wait=false'])
})

describe('mesh-medic access-log', () => {
  let folder: string
  const children: ChildProcess[] = []
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mesh-medic-live-'))
  })
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  const start = (...args: string[]): ReturnType<AccessLogNamespace['start']> => {
    const started = mesh.start(folder, ...args)
    children.push(started.child)
    return started
  }
  const isOn = (said: () => string): Promise<void> =>
    until('access logs that are on', 120, () => Promise.resolve(said().includes('seen in the configuration of'))).catch(
      (error: unknown) => {
        throw new Error(said(), { cause: error })
      },
    )

  it('shows that nothing is logged', async () => {
    expect(await mesh.untilOff(folder)).not.toEqual([])
  })

  it('turns them on for one workload, whose proxy then logs requests; then all is as it was', async () => {
    const { ended, said } = start('deploy/catalog-v2', 'on', '--for', '30s')
    await isOn(said)
    expect(said()).toMatch(/seen in the configuration of \d prox/)
    await mesh.untilLogged('v2', '/items?lent=1')
    expect(await mesh.logged('v1', '/items?lent=1')).toEqual([])
    expect(await ended).toBe(0)
    expect(said()).toContain(
      `Deployment ${NAMESPACE}/catalog-v2: access logs are as before, the Telemetry object was deleted`,
    )
    expect(await mesh.telemetries()).toEqual(before)
  })

  it('puts them back on SIGTERM', async () => {
    const { child, ended, said } = start('deploy/catalog-v2', 'on', '--for', '5m')
    await isOn(said)
    child.kill('SIGTERM')
    expect(await ended).toBe(143)
    expect(await mesh.telemetries()).toEqual(before)
  })

  it('killed: the next start puts them back', async () => {
    const { child, ended, said } = start('deploy/catalog-v2', 'on', '--for', '5m')
    await isOn(said)
    child.kill('SIGKILL')
    await ended
    expect(Object.keys(await mesh.telemetries())).toHaveLength(2)
    expect(await mesh.run(folder, 'deploy/catalog', 'on', '--for', '1s')).toMatchObject({ exitCode: 0 })
    expect(await mesh.telemetries()).toEqual(before)
  })

  it('is refused where a Telemetry object selects the pods, and leaves that one alone', async () => {
    await kubectl(
      ['-n', NAMESPACE, 'apply', '-f', '-'],
      OFF.replace('no-access-logs', 'by-hand').replace(
        'spec: {',
        'spec: { selector: { matchLabels: { version: v2 } },',
      ),
    )
    try {
      const { stdout, exitCode } = await mesh.run(folder, 'deploy/catalog-v2', 'on', '--for', '1m')
      expect([exitCode, stdout]).toEqual([
        3,
        expect.stringContaining(`could not be turned on: Telemetry ${NAMESPACE}/by-hand selects these pods already`),
      ])
      expect(Object.keys(await mesh.telemetries()).sort()).toEqual(['by-hand', 'no-access-logs'])
    } finally {
      await kubectl(['-n', NAMESPACE, 'delete', 'telemetry', 'by-hand'])
    }
  })

  it('leaves an object alone that somebody has changed, and says how to delete it', async () => {
    const { child, ended, said } = start('deploy/catalog-v2', 'on', '--for', '5m')
    await isOn(said)
    const [name = ''] = Object.keys(await mesh.telemetries()).filter((one) => one.startsWith('mesh-medic-'))
    const patch = {
      spec: { accessLogging: [{ providers: [{ name: 'envoy' }], filter: { expression: 'response.code >= 400' } }] },
    }
    await kubectl(['-n', NAMESPACE, 'patch', 'telemetry', name, '--type=merge', '-p', JSON.stringify(patch)])
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    expect(said()).toContain(`left alone: Telemetry ${NAMESPACE}/${name} was changed or made anew by somebody else`)
    await kubectl(['-n', NAMESPACE, 'delete', 'telemetry', name])
    expect(await mesh.telemetries()).toEqual(before)
  })
})

it('Turn on access logs, from a diagnosis, with the rights that deploy/ gives', async () => {
  const bot = await openLiveBot()
  try {
    const parent = await bot.diagnose(`catalog -n ${NAMESPACE}`)
    await bot.seen(/MESH044[37]/, undefined, 60_000)
    await bot.click(parent, 'Turn on access logs', 'U_ONCALL')
    const view = await bot.standIn.waitFor(
      () => bot.standIn.views('U_ONCALL').find(({ blocks }) => blocks.length > 2),
      20_000,
    )
    await bot.standIn.submitView(view, { workload: `Deployment ${NAMESPACE}/catalog-v2` }, { user: 'U_ONCALL' })
    const { message } = await bot.seen(/Access logs are on/, ({ actions }) => actions.includes('Put back now'), 60_000)
    const [lease] = (await listLeases(bot.backend.records)).filter(({ state }) => state === 'raised')
    expect(lease?.lent).toEqual({ 'access log': 'envoy' })
    await mesh.untilLogged('v2', '/items?button=1')
    await bot.click(message, 'Put back now', 'U_ONCALL')
    await bot.seen(/Access logs were put back/)
    expect(await mesh.telemetries()).toEqual(before)
    const events = (await auditEntries(bot.backend.records)).map(({ entry }) => entry.event)
    expect(events).toEqual(expect.arrayContaining(['lease-asked', 'lease-granted', 'lease-ended']))
  } finally {
    await bot.close()
  }
}, 240_000)

describe.skipIf(!redisIsPresent())(`a worker that is killed half-way, on a real mesh ${onRedis}`, () => {
  it.each([
    ['while it turns them on', 1200],
    ['while they are on', 8000],
  ])(
    '%s: another deletes exactly what was made',
    async (_when, after) => {
      const redis = await startRedis({ appendOnly: true })
      const backend = await openBackend({
        redisUrl: redis.url,
        dataFolder: '/nonexistent',
        log: pino({ level: 'silent' }),
      })
      const worker = async (): Promise<ChildProcess> => {
        const child = fork(join(import.meta.dirname, '..', 'drills', 'leases-worker.ts'), [redis.url])
        await once(child, 'message')
        return child
      }
      const first = await worker()
      let second: ChildProcess | undefined
      try {
        const { id } = await createRun(backend.records, {
          request: { kind: 'turn-on-access-logs', text: 'deploy/catalog-v2', namespace: NAMESPACE, minutes: 0.3 },
          asker: { user: 'U_ONCALL' },
          channel: 'C_MESH',
          thread: '1.1',
        })
        await backend.queue.enqueue({ run: id, kind: 'turn-on-access-logs' })
        await pause(after)
        first.kill('SIGKILL')
        second = await worker()
        await until('the lease to be over', 120, async () => (await readLease(backend.records, id))?.state === 'over')
        expect((await readLease(backend.records, id))?.proxies[0]?.before).toEqual({ 'access log': 'none' })
        expect(await mesh.telemetries()).toEqual(before)
        const events = (await auditEntries(backend.records)).map(({ entry }) => entry.event)
        expect(events).toEqual(expect.arrayContaining(['lease-granted', 'lease-ended']))
      } finally {
        first.kill('SIGKILL')
        second?.kill('SIGKILL')
        await backend.close()
        await redis.stop()
      }
    },
    240_000,
  )
})
