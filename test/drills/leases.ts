/**
 * The lease drill: log levels are raised, access logs are turned on, or packets are captured for a few seconds while a worker is killed (SIGKILL), Redis is killed
 * and started again, the queue is flushed, or a pod is deleted, at a random moment. Afterwards every proxy that survived has exactly its former levels, no Telemetry
 * object of a lease is left, and nothing captures, within the lease's time and 60 s.
 *
 *     node test/drills/leases.ts [--trials 100] [--at-once 8] [--seed N] [--of levels,access-logs,captures]
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { pino } from 'pino'
import { Redis } from 'ioredis'
import { readLease, type LeaseRecord } from '../../src/leases/lease-record.ts'
import type { LogLevels } from '../../src/evidence/collectors/log-levels.ts'
import type { Backend } from '../../src/queue/backend.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import { verifyAudit } from '../../src/store/audit.ts'
import { createRun, isFinished, readRun } from '../../src/store/runs.ts'
import { startRedis, type TestRedis } from '../redis-server.ts'
import { openAccessLogMesh, type AccessLogMesh } from '../leases/access-log-mesh.ts'
import { capturing, endProcesses } from './leases-captures.ts'
import { addPod, deletePod, makeMesh, NAMESPACE, podAt } from './leases-mesh.ts'

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '100' },
    'at-once': { type: 'string', default: '8' },
    seed: { type: 'string' },
    of: { type: 'string', default: 'levels,access-logs,captures' },
  },
})
const TRIALS = Number(values.trials)
const AT_ONCE = Number(values['at-once'])
const SEED = Number(values.seed ?? Date.now() % 1_000_000)

/** Seconds after the lease's time in which every level is back. */
const ALLOWED = 60
/** Seconds until a trial that comes to no end is given up. */
const GIVES_UP = 180
/** Milliseconds that nothing may change any more: an istioctl of a killed worker would. */
const QUIET = 1500
const PODS = ['catalog-a', 'catalog-b', 'catalog-c']
/** The pod whose packets are captured, and one of those whose access logs are turned on. */
const CAPTURED = 'catalog-a'
const THEIR_POD = { namespace: 'shop', name: 'catalog-1' }
const LENT = { http: 'debug', pool: 'trace', router: 'debug' }
const FORMER_LEVELS = ['warning', 'info', 'error', 'debug']
const DISASTERS = ['worker killed', 'Redis restarted', 'queue flushed', 'pod deleted'] as const
type Disaster = (typeof DISASTERS)[number]
const LENDS = ['levels', 'access-logs', 'captures'] as const
type Lends = (typeof LENDS)[number]
const OF = values.of.split(',').map((name) => {
  const known = LENDS.find((one) => one === name)
  if (known === undefined) throw new Error(`--of ${name}: one of ${LENDS.join(', ')}`)
  return known
})

/** Random numbers that come again with the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Outcome {
  trial: number
  lends: Lends
  disasters: Disaster[]
  /** True when something was seen to be raised: a level, a Telemetry object, a process that captures. */
  raised: boolean
  /** Seconds after the lease's time when all was as before; negative when it was earlier. */
  delay: number | undefined
  failure?: string
}

type Judged = Omit<Outcome, 'trial' | 'lends' | 'disasters'>

class Workers {
  private readonly children: ChildProcess[] = []
  private readonly args: string[]
  constructor(...args: string[]) {
    this.args = args
  }
  async start(): Promise<void> {
    const child = fork(join(import.meta.dirname, 'leases-worker.ts'), this.args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.children.push(child)
    await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => {
        throw new Error('a worker ended by itself')
      }),
    ])
  }
  /** Kills one, without a word; another takes its place a moment later, as in a Deployment. */
  async replace(index: number, after: number): Promise<void> {
    const [child] = this.children.splice(index % this.children.length, 1)
    if (child !== undefined) await end(child)
    await pause(after)
    // While Redis is away a new worker ends at once, and is started again.
    for (let tries = 0; ; tries += 1) {
      try {
        await this.start()
        return
      } catch (error) {
        this.children.pop()
        if (tries > 20) throw error
        await pause(500)
      }
    }
  }
  get size(): number {
    return this.children.length
  }
  async stop(): Promise<void> {
    await Promise.all(this.children.map(end))
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

async function flushQueue(url: string): Promise<void> {
  const redis = new Redis(url)
  try {
    const keys = await redis.keys('mesh-medic:bull:*')
    if (keys.length > 0) await redis.del(...keys)
  } finally {
    redis.disconnect()
  }
}

/** Patient with a Redis that is being restarted. */
async function patiently<T>(act: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await act()
    } catch (error) {
      if (tries > 60) throw error
      await pause(500)
    }
  }
}

class Trial {
  readonly number: number
  private readonly random: () => number
  private readonly folder = mkdtempSync(join(tmpdir(), 'mesh-medic-drill-'))
  /** The proxies that must have their former levels: those never deleted, and those that took the place of one. */
  private readonly former = new Map<string, { uid: string; levels: LogLevels }>()
  private raised = false
  private backAt: number | undefined
  private readonly lends: Lends
  /** Keeps Telemetry objects, where access logs are lent. */
  private telemetries: AccessLogMesh | undefined

  constructor(number: number) {
    this.number = number
    this.lends = OF[number % OF.length]!
    this.random = randomOf(SEED * 1000 + number)
    makeMesh(this.folder)
    for (const name of PODS) this.addPod(name, `uid-${number}-${name}`)
  }

  private pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random() * from.length)] as T
  }

  private addPod(name: string, uid: string): void {
    const levels: LogLevels = {
      connection: 'warning',
      http: this.pick(FORMER_LEVELS),
      misc: 'error',
      pool: this.pick(FORMER_LEVELS),
      router: this.pick(FORMER_LEVELS),
    }
    this.former.set(name, { uid, levels })
    addPod(this.folder, name, uid, levels)
  }

  private isRaised(name: string): boolean {
    const former = this.former.get(name)?.levels
    const now = podAt(this.folder, name)?.levels
    return (
      now !== undefined &&
      Object.entries(LENT).some(([logger, level]) => former?.[logger] !== level && now[logger] === level)
    )
  }

  private isFormer(): boolean {
    if (this.lends === 'captures') return capturing(this.folder).length === 0
    if (this.telemetries !== undefined) return Object.keys(this.telemetries.telemetries()).length === 1
    return [...this.former].every(([name, former]) => isDeepStrictEqual(podAt(this.folder, name), former))
  }

  /** Watches the levels until it is stopped. */
  private async watch(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      try {
        const isFormer = this.isFormer()
        if (this.lends === 'levels' ? PODS.some((name) => this.isRaised(name)) : !isFormer) this.raised = true
        if (!isFormer) this.backAt = undefined
        else this.backAt ??= Date.now()
      } catch {
        // A pod was deleted between two looks into its folder.
      }
      await pause(40)
    }
  }

  private async befall(disaster: Disaster, redis: TestRedis, workers: Workers): Promise<void> {
    switch (disaster) {
      case 'worker killed':
        return workers.replace(Math.floor(this.random() * workers.size), 200 + this.random() * 1500)
      case 'Redis restarted':
        await redis.kill()
        await pause(100 + this.random() * 3000)
        return redis.start()
      case 'queue flushed':
        return patiently(() => flushQueue(redis.url))
      case 'pod deleted': {
        // Of access logs the pods hold nothing.
        if (this.telemetries !== undefined) {
          this.telemetries.server.remove({ kind: 'Pod', ...THEIR_POD })
          return
        }
        const name = this.lends === 'captures' ? CAPTURED : this.pick(PODS)
        endProcesses(this.folder, name)
        deletePod(this.folder, name)
        this.former.delete(name)
        // As of a StatefulSet: the same name, another pod.
        if (this.random() < 0.5) this.addPod(name, `uid-${this.number}-${name}-again`)
      }
    }
  }

  async carryOut(): Promise<Outcome> {
    const redis = await startRedis({ appendOnly: true })
    if (this.lends === 'access-logs') this.telemetries = await openAccessLogMesh()
    const workers = new Workers(
      redis.url,
      this.folder,
      ...(this.telemetries === undefined ? [] : [this.telemetries.server.kubeconfig]),
    )
    const stop = new AbortController()
    // A machine that has much to do lets a Redis that has just begun wait.
    const backend = await patiently(() =>
      openBackend({ redisUrl: redis.url, dataFolder: '/nonexistent', log: pino({ level: 'silent' }) }),
    )
    try {
      await Promise.all(Array.from({ length: this.random() < 0.4 ? 2 : 1 }, () => workers.start()))
      const watching = this.watch(stop.signal)
      const outcome = await this.withDisasters(backend, redis, workers)
      stop.abort()
      await watching
      return outcome
    } finally {
      stop.abort()
      await workers.stop()
      await backend.close().catch(() => undefined)
      await redis.stop()
      await this.telemetries?.server.stop()
      for (const name of PODS) endProcesses(this.folder, name)
      rmSync(this.folder, { recursive: true, force: true })
    }
  }

  private async withDisasters(backend: Backend, redis: TestRedis, workers: Workers): Promise<Outcome> {
    const seconds = 3 + this.random() * 4
    const run = await createRun(backend.records, {
      request: this.request(seconds),
      asker: { user: 'U_ONCALL' },
      channel: 'C_MESH',
      thread: '1.1',
    })
    await backend.queue.enqueue({ run: run.id, kind: run.request.kind })
    // Somebody waits for a failed request meanwhile, in the same worker or another.
    const waiting = this.lends === 'levels' && this.random() < 0.5 ? this.showFailedRequest(backend, run.id) : undefined
    const disasters = [this.pick(DISASTERS), ...(this.random() < 0.33 ? [this.pick(DISASTERS)] : [])]
    // Half of them while it is being raised, which takes about a second; the others until after its end.
    const befalling = Promise.all(
      disasters.map(async (disaster) => {
        await pause(this.random() < 0.5 ? this.random() * 1500 : this.random() * (seconds + 2) * 1000)
        await this.befall(disaster, redis, workers)
      }),
    )
    const [lease] = await Promise.all([this.theEnd(backend, run.id), befalling])
    await waiting
    await pause(QUIET)
    return { trial: this.number, lends: this.lends, disasters, ...(await this.judge(backend, lease)) }
  }

  /** Asks for a timeline once the levels are raised: it waits until one comes, or the lease ends. */
  private async showFailedRequest({ records, queue }: Backend, lease: string): Promise<void> {
    await pause(1200)
    await patiently(async () => {
      const run = await createRun(records, {
        request: { kind: 'timeline', text: 'catalog', namespace: NAMESPACE, lease },
        asker: { user: 'U_ONCALL' },
        channel: 'C_MESH',
        thread: '1.1',
      })
      await queue.enqueue({ run: run.id, kind: 'timeline' })
    })
  }

  private request(seconds: number) {
    const of = { text: 'catalog', namespace: NAMESPACE }
    if (this.lends === 'captures')
      return { ...of, kind: 'capture', text: `pod/${CAPTURED}`, seconds: Math.max(1, Math.round(seconds - 2)) }
    if (this.lends === 'access-logs') return { ...of, kind: 'turn-on-access-logs', minutes: seconds / 60 }
    return {
      ...of,
      kind: 'raise-log-levels',
      target: { key: 'service/shop/catalog', kind: 'Service', namespace: NAMESPACE, name: 'catalog' },
      raise: { levels: LENT, minutes: seconds / 60 },
    }
  }

  /** Waits for the lease, or the run that never made one, to be over. */
  private async theEnd({ records }: Backend, run: string): Promise<LeaseRecord | undefined> {
    const late = Date.now() + GIVES_UP * 1000
    for (;;) {
      const [lease, asked] = await patiently(() => Promise.all([readLease(records, run), readRun(records, run)]))
      if (lease?.state === 'over' || (lease === undefined && asked !== undefined && isFinished(asked))) return lease
      if (Date.now() > late) return lease
      await pause(200)
    }
  }

  private async judge({ records }: Backend, lease: LeaseRecord | undefined): Promise<Judged> {
    const { raised } = this
    const delay =
      lease === undefined || this.backAt === undefined ? undefined : (this.backAt - Date.parse(lease.until)) / 1000
    const failed = (failure: string): Judged => ({ raised, delay, failure })
    if (this.lends === 'captures' && !this.isFormer())
      return failed(`something captures still: ${capturing(this.folder).join(', ')}; lease ${JSON.stringify(lease)}`)
    if (this.telemetries !== undefined && !this.isFormer())
      return failed(`left: ${JSON.stringify(this.telemetries.telemetries())}; lease ${JSON.stringify(lease)}`)
    if (!this.isFormer())
      return failed(
        `not as before: ${PODS.map((name) => `${name} ${JSON.stringify(podAt(this.folder, name)?.levels)} instead of ${JSON.stringify(this.former.get(name)?.levels)}`).join('; ')}; lease ${JSON.stringify(lease)}`,
      )
    if (lease === undefined) return raised ? failed('something was set without a lease') : { raised, delay }
    if (lease.state !== 'over') return failed(`the lease is ${lease.state}: ${JSON.stringify(lease)}`)
    if (delay !== undefined && delay > ALLOWED) return failed(`only ${delay.toFixed(1)} s after its time`)
    const audit = await patiently(() => verifyAudit(records))
    return audit.ok ? { raised, delay } : failed(`the audit is broken at ${audit.sequence}`)
  }
}

function report(outcomes: readonly Outcome[]): void {
  const delays = outcomes.flatMap(({ delay }) => delay ?? []).toSorted((a, b) => a - b)
  const at = (share: number): string =>
    (delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? NaN).toFixed(1)
  const raised = outcomes.filter((one) => one.raised).length
  const failures = outcomes.filter(({ failure }) => failure !== undefined)
  for (const disaster of DISASTERS)
    process.stdout.write(
      `${disaster}: ${outcomes.filter(({ disasters }) => disasters.includes(disaster)).length} trials\n`,
    )
  process.stdout.write(
    [
      ...LENDS.map((lends) => {
        const of = outcomes.filter((one) => one.lends === lends)
        return `${lends}: raised in ${of.filter((one) => one.raised).length} of ${of.length} trials`
      }),
      `all as before, seconds after the lease's time: median ${at(0.5)}, 95 % ${at(0.95)}, worst ${at(1)} (allowed ${ALLOWED})`,
      `${outcomes.length - failures.length} of ${outcomes.length} trials passed (seed ${SEED})`,
      '',
    ].join('\n'),
  )
  // A drill in which nothing was raised proves nothing.
  if (failures.length > 0 || outcomes.length < TRIALS || raised < 0.6 * TRIALS) process.exitCode = 1
}

// Each Redis and worker is ended when this process ends.
process.setMaxListeners(0)
process.stdout.write(`lease drill: ${TRIALS} trials, ${AT_ONCE} at once, seed ${SEED}\n`)
const outcomes: Outcome[] = []
let next = 1
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (next <= TRIALS) {
      const trial = new Trial(next)
      next += 1
      const outcome = await trial.carryOut()
      outcomes.push(outcome)
      process.stdout.write(
        `${String(outcome.trial).padStart(4)} ${outcome.failure === undefined ? 'ok  ' : 'FAIL'} ${outcome.lends.padEnd(11)} ${outcome.disasters.join(', ').padEnd(32)} ${outcome.raised ? 'raised' : 'not raised'}${outcome.delay === undefined ? '' : `, back ${outcome.delay.toFixed(1)} s after its time`}${outcome.failure === undefined ? '' : `: ${outcome.failure}`}\n`,
      )
    }
  }),
)
report(outcomes)
