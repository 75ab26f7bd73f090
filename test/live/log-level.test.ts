import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { execa } from 'execa'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findProxies } from '../../src/leases/find-proxies.ts'
import { putBack } from '../../src/leases/put-back.ts'
import { readLeaseLogs } from '../../src/leases/lease-log.ts'
import { readLease, type LeaseRecord } from '../../src/leases/lease-record.ts'
import type { LeaseDeps } from '../../src/leases/lease-deps.ts'
import { raise } from '../../src/leases/raise.ts'
import { clusterWriter } from '../../src/fixes/writer.ts'
import { openClients } from '../../src/cli/clients.ts'
import { parseLogLevels, type LogLevels } from '../../src/evidence/collectors/log-levels.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import { parseTarget } from '../../src/mesh/target-query.ts'
import { createRun } from '../../src/store/runs.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { onRedis, redisIsPresent, startRedis } from '../redis-server.ts'
import { SCENARIOS } from '../situation.ts'
import { kubectl, resetNamespace, until } from './mesh.ts'

const NAMESPACE = 'log-level'
const IMAGE = process.env.MESH_MEDIC_TEST_IMAGE ?? 'docker.io/istioinaction/catalog:latest'
const ISTIOCTL = process.env.ISTIOCTL ?? 'istioctl'
const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')
const NEVER = new AbortController().signal

const istioctl = async (...args: string[]): Promise<string> => (await execa(ISTIOCTL, args)).stdout
/** As a person reads them, not by way of what is tested. */
const levelsOf = async (pod: string): Promise<LogLevels> =>
  parseLogLevels(await istioctl('proxy-config', 'log', `${pod}.${NAMESPACE}`))
const setByHand = (pod: string, levels: string): Promise<string> =>
  istioctl('proxy-config', 'log', `${pod}.${NAMESPACE}`, '--level', levels)

async function podNames(): Promise<string[]> {
  const { items } = JSON.parse(await kubectl(['-n', NAMESPACE, 'get', 'pods', '-l', 'app=catalog', '-o', 'json'])) as {
    items: { metadata: { name: string; deletionTimestamp?: string } }[]
  }
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.name)
    .sort()
}

const allReady = async (): Promise<boolean> =>
  (await kubectl(['-n', NAMESPACE, 'wait', 'pod', '-l', 'app=catalog', '--for=condition=Ready', '--timeout=1s']).then(
    () => true,
    () => false,
  )) && (await podNames()).length === 3

let pods: string[]
/** All levels of all proxies, before a test: not the usual ones everywhere. */
let former: Map<string, LogLevels>
const now = async (): Promise<Map<string, LogLevels>> =>
  new Map(await Promise.all(pods.map(async (pod) => [pod, await levelsOf(pod)] as const)))

beforeAll(async () => {
  await resetNamespace(NAMESPACE)
  for (const name of ['service', 'catalog'])
    await kubectl(
      ['-n', NAMESPACE, 'apply', '-f', '-'],
      (await readFile(join(SCENARIOS, 'manifests', `${name}.yaml`), 'utf8')).replaceAll('$IMAGE', IMAGE),
    )
})
afterAll(async () => {
  await kubectl(['delete', 'namespace', NAMESPACE, '--wait=false'])
})

beforeEach(async () => {
  await until('three pods', 120, allReady)
  pods = await podNames()
  await Promise.all(
    pods.map((pod, index) =>
      setByHand(
        pod,
        ['http:warning,router:warning', 'http:info,router:warning', 'http:warning,router:error'][index] ?? '',
      ),
    ),
  )
  former = await now()
})

/** Waits for the raised levels on every proxy; `said` by whoever sets them, should it not happen. */
const raised = async (said: () => string = () => ''): Promise<void> => {
  const isRaised = async (): Promise<boolean> =>
    [...(await now()).values()].every(({ http, router }) => http === 'debug' && router === 'debug')
  await until('http:debug on every proxy', 60, isRaised).catch((error: unknown) => {
    throw new Error(said(), { cause: error })
  })
}

describe('mesh-medic log-level', () => {
  let folder: string
  const children: ChildProcess[] = []
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mesh-medic-live-'))
  })
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })

  const environment = (): NodeJS.ProcessEnv => ({ ...process.env, MESH_MEDIC_DATA: folder, REDIS_URL: undefined })
  const run = (...args: string[]): Promise<{ stdout: string; stderr: string; exitCode?: number }> =>
    execa(process.execPath, [CLI, 'log-level', 'catalog', '-n', NAMESPACE, ...args], {
      reject: false,
      env: environment() as Record<string, string>,
      extendEnv: false,
      stdin: 'ignore',
    })

  /** The command under way, and what it says. */
  function start(...args: string[]): { child: ChildProcess; ended: Promise<number | null>; said: () => string } {
    const child = spawn(process.execPath, [CLI, 'log-level', 'catalog', '-n', NAMESPACE, ...args], {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.push(child)
    let text = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
    return { child, ended: once(child, 'exit').then(([code]) => code as number | null), said: () => text }
  }

  it('shows what istioctl shows', async () => {
    const { stdout, exitCode } = await run('-o', 'json')
    expect(exitCode).toBe(0)
    const { proxies } = JSON.parse(stdout) as { proxies: { pod: { name: string }; levels: LogLevels }[] }
    expect(new Map(proxies.map(({ pod, levels }) => [pod.name, levels]))).toEqual(former)
  })

  it('raises for a while; then every level is exactly as it was', async () => {
    const { ended, said } = start('http:debug,router:debug', '--for', '25s')
    await raised(said)
    expect(await ended).toBe(0)
    expect(said()).toContain(`Pod ${NAMESPACE}/${pods[1] ?? ''}: put back to http:info, router:warning`)
    expect(await now()).toEqual(former)
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('puts back on %s', async (signal, code) => {
    const { child, ended, said } = start('http:debug,router:debug', '--for', '5m')
    await raised(said)
    child.kill(signal)
    expect(await ended).toBe(code)
    expect(await now()).toEqual(former)
  })

  it('killed: the next start puts back what it had raised', async () => {
    const { child, ended, said } = start('http:debug,router:debug', '--for', '5m')
    await raised(said)
    child.kill('SIGKILL')
    await ended
    await raised()
    expect(await run('pool:debug', '--for', '1s', '--pods', '1')).toMatchObject({ exitCode: 0 })
    expect(await now()).toEqual(former)
  })

  it('killed at any moment of the raising: the same', async () => {
    for (const after of [1500, 2200, 2900, 3600]) {
      const { child, ended } = start('http:debug,router:debug', '--for', '5m')
      await pause(after)
      child.kill('SIGKILL')
      await ended
      // The lock of a killed process is taken over; what it had in hand is let go within 20 s.
      expect(await run('pool:debug', '--for', '1s', '--pods', '1')).toMatchObject({ exitCode: 0 })
      expect([after, await now()]).toEqual([after, former])
    }
  })

  it('refuses an unknown logger with the nearest, and sets nothing', async () => {
    const { stderr, exitCode } = await run('htp:debug')
    expect([exitCode, stderr]).toEqual([64, expect.stringContaining('no logger "htp" (nearest: http')])
    expect(await now()).toEqual(former)
  })
})

describe('a lease on real proxies', () => {
  let deps: LeaseDeps
  beforeEach(() => {
    const clients = openClients({ istioctl: process.env.ISTIOCTL }, new AbortController())
    deps = { records: memoryRecords(), clients, writer: clusterWriter({ clients }) }
  })

  async function leased(): Promise<LeaseRecord> {
    const clients = openClients({ istioctl: process.env.ISTIOCTL }, new AbortController())
    const found = await findProxies(parseTarget('catalog', NAMESPACE), clients, {})
    const lease = await raise(
      deps,
      {
        id: 'lease',
        run: 'run',
        kind: 'log-levels',
        settings: { http: 'debug', router: 'debug' },
        minutes: 5,
        pods: found.pods,
        by: { user: 'U_ONCALL' },
        target: 'service/log-level/catalog',
        asked: { text: 'catalog', namespace: NAMESPACE },
      },
      NEVER,
    )
    expect(lease.proxies.map(({ state }) => state)).toEqual(['raised', 'raised', 'raised'])
    await raised()
    return lease
  }
  const back = async (): Promise<Record<string, string>> => {
    const lease = await putBack(deps, 'lease', { why: 'time' }, NEVER)
    expect(lease?.state).toBe('over')
    return Object.fromEntries(
      (lease?.proxies ?? []).map(({ pod, state, says }) => [
        pod.name,
        says === undefined ? state : `${state}: ${says}`,
      ]),
    )
  }

  it('leaves alone what somebody else changed, and puts the rest back', async () => {
    await leased()
    const [first = '', second = '', third = ''] = pods
    await setByHand(first, 'http:trace')
    expect(await back()).toEqual({
      [first]: 'left: http:trace, set by somebody else',
      [second]: 'put-back',
      [third]: 'put-back',
    })
    expect(await now()).toEqual(new Map([...former, [first, { ...former.get(first), http: 'trace' }]]))
  })

  it('skips a pod that was deleted', async () => {
    await leased()
    const [first = '', second = '', third = ''] = pods
    await kubectl(['-n', NAMESPACE, 'delete', 'pod', first, '--grace-period=1', '--wait'])
    expect(await back()).toEqual({ [first]: 'gone', [second]: 'put-back', [third]: 'put-back' })
    pods = [second, third]
    former.delete(first)
    expect(await now()).toEqual(former)
  })

  it('skips a proxy that was restarted: it has its own levels again', async () => {
    await leased()
    const [first = '', second = '', third = ''] = pods
    await kubectl([
      '-n',
      NAMESPACE,
      'exec',
      first,
      '-c',
      'istio-proxy',
      '--',
      'pilot-agent',
      'request',
      'POST',
      'quitquitquit',
    ])
    await until(
      'the proxy to be restarted',
      60,
      async () => (await levelsOf(first).catch((): LogLevels => ({}))).http === 'warning',
    )
    await until('the pod to say so', 30, async () =>
      /^[1-9]/.test(
        await kubectl([
          '-n',
          NAMESPACE,
          'get',
          'pod',
          first,
          '-o',
          "jsonpath={.status.containerStatuses[?(@.name=='istio-proxy')].restartCount}{.status.initContainerStatuses[?(@.name=='istio-proxy')].restartCount}",
        ]),
      ),
    )
    expect(await back()).toEqual({
      [first]: expect.stringMatching(/^restarted: at 20/) as string,
      [second]: 'put-back',
      [third]: 'put-back',
    })
    former.set(first, { ...former.get(first), http: 'warning', router: 'warning' })
    expect(await now()).toEqual(former)
  })

  it('has a log of its own time, redacted', async () => {
    const [first = ''] = pods
    const lease = await leased()
    await kubectl([
      '-n',
      NAMESPACE,
      'exec',
      first,
      '-c',
      'catalog',
      '--',
      'curl',
      '-s',
      '-o',
      '/dev/null',
      '-H',
      'Cookie: session=very-secret-value',
      '-H',
      'Authorization: Bearer very-secret-value',
      `http://catalog.${NAMESPACE}/items`,
    ])
    await pause(1500)
    const { files, unread } = await readLeaseLogs(lease, deps.clients, NEVER)
    expect(unread).toEqual([])
    const log = files.find(({ name }) => name.startsWith(first))?.content ?? ''
    expect(log).toMatch(/\tdebug\tenvoy http .*request headers complete/)
    expect(log).toContain(`'cookie', '[redacted]'`)
    expect(log).not.toContain('very-secret-value')
    // Before the lease it logged other things.
    expect(
      log
        .split('\n')
        .filter((line) => line.startsWith('20'))
        .every((line) => line.slice(0, 19) >= lease.from.slice(0, 19)),
    ).toBe(true)
    await back()
    expect(await now()).toEqual(former)
  })
})

describe.skipIf(!redisIsPresent())(`a worker that is killed half-way, on a real mesh ${onRedis}`, () => {
  it.each([
    ['while it lends', 900],
    ['while it is raised', 6000],
  ])('%s: another puts exactly the former levels back', async (_when, after) => {
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
        request: {
          kind: 'raise-log-levels',
          text: 'catalog',
          namespace: NAMESPACE,
          raise: { levels: { http: 'debug', router: 'debug' }, minutes: 0.2 },
        },
        asker: { user: 'U_ONCALL' },
        channel: 'C_MESH',
        thread: '1.1',
      })
      await backend.queue.enqueue({ run: id, kind: 'raise-log-levels' })
      await pause(after)
      first.kill('SIGKILL')
      second = await worker()
      await until('the lease to be over', 90, async () => (await readLease(backend.records, id))?.state === 'over')
      expect(await now()).toEqual(former)
    } finally {
      first.kill('SIGKILL')
      second?.kill('SIGKILL')
      await backend.close()
      await redis.stop()
    }
  })
})
