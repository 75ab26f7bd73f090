import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Backend } from '../../src/queue/backend.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import { listReceived } from '../../src/store/received.ts'
import { StoreUnavailableError, type Records } from '../../src/store/records.ts'
import { isFinished, listRuns, type RunRecord } from '../../src/store/runs.ts'
import { memoryBackend } from '../queue/memory-backend.ts'
import { onRedis, redisIsPresent, startRedis } from '../redis-server.ts'
import { putEmptyDatabase } from '../store/empty-database.ts'
import { openHouse, rememberingLog, type House } from './house.ts'
import { command, receiverIn } from './receiver.ts'
import { shownIn } from './texts.ts'

const { log } = rememberingLog()
const forever = (): Promise<never> => new Promise(() => {})
/** Milliseconds that the store may take: not the time that it needs, where it does not answer at all. */
const within = (fate: Fate): number => (fate === 'lost once' ? 60_000 : 100)

/** What becomes of the write of a request's acceptance mark. */
type Fate = 'lost and dead' | 'refused and dead' | 'lost once' | 'late'

/** A backend that does this to the first acceptance mark; `dead`: its process has ended there. `land` lets a mark that is late reach the store. */
function troubled(backend: Backend, fate: Fate): { backend: Backend; land: () => Promise<unknown> } {
  const gate = Promise.withResolvers<undefined>()
  let isDead = false
  let late: Promise<unknown> | undefined
  const { records, queue } = backend
  const alive =
    <A extends unknown[], R>(act: (...all: A) => Promise<R>) =>
    (...all: A): Promise<R> =>
      isDead ? forever() : act(...all)
  let isFirst = true
  const write: Records['write'] = async (...all) => {
    if (all[0] !== 'events' || !isFirst) return records.write(...all)
    isFirst = false
    if (fate === 'late') {
      isDead = true
      late = gate.promise.then(() => records.write(...all)).catch(() => undefined)
      return forever()
    }
    if (fate !== 'refused and dead') await records.write(...all)
    isDead = fate !== 'lost once'
    throw new StoreUnavailableError('write')
  }
  return {
    backend: {
      ...backend,
      records: {
        ...records,
        read: alive((...all: Parameters<Records['read']>) => records.read(...all)),
        list: alive((...all: Parameters<Records['list']>) => records.list(...all)),
        append: alive((...all: Parameters<Records['append']>) => records.append(...all)),
        remove: alive((...all: Parameters<Records['remove']>) => records.remove(...all)),
        write: alive(write),
      },
      queue: { ...queue, enqueue: alive((...all: Parameters<typeof queue.enqueue>) => queue.enqueue(...all)) },
    },
    land: () => {
      gate.resolve(undefined)
      return Promise.resolve(late)
    },
  }
}

interface Opened {
  backend: Backend
  close(): Promise<unknown>
}

async function embedded(): Promise<Opened> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'mesh-medic-accepted-'))
  await putEmptyDatabase(dataFolder)
  const backend = await openBackend({ dataFolder, log })
  return { backend, close: () => backend.close().then(() => rm(dataFolder, { recursive: true, force: true })) }
}

async function redis(): Promise<Opened> {
  const server = await startRedis({ appendOnly: true })
  const backend = await openBackend({ redisUrl: server.url, dataFolder: '/nowhere', log })
  return { backend, close: () => backend.close().then(() => server.stop()) }
}

describe.each([
  { where: 'in the process', open: embedded, isThere: true },
  { where: onRedis, open: redis, isThere: redisIsPresent() },
])('a command whose acceptance mark has trouble, $where', ({ open, isThere }) => {
  if (!isThere) {
    it.skip('needs redis-server', () => {})
    return
  }
  let opened: Opened
  /** The process that goes on with what others have left. */
  let house: House
  beforeAll(async () => {
    opened = await open()
    house = await openHouse({ backend: opened.backend, options: { holdRequests: 400, underWay: 10 } })
  })
  afterAll(async () => {
    await house.close()
    await opened.close()
  })

  /** Types a command to a process that has this trouble; says what the acknowledgement told, and what else the person was told since. */
  async function type(fate: Fate): Promise<{
    acknowledged: string
    told: () => string
    runs: () => Promise<RunRecord[]>
    land: () => Promise<unknown>
  }> {
    const { records } = opened.backend
    const before = new Set((await listRuns(records)).map(({ id }) => id))
    const toldBefore = house.slack.ephemerals('U_ONCALL').length
    const { backend, land } = troubled(opened.backend, fate)
    const acknowledged = JSON.stringify(
      (await receiverIn(house, backend, within(fate))(command('diagnose catalog'))) ?? '',
    )
    return {
      acknowledged,
      told: () => house.slack.ephemerals('U_ONCALL').slice(toldBefore).map(shownIn).join('\n'),
      runs: async () => (await listRuns(records)).filter(({ id }) => !before.has(id)),
      land,
    }
  }

  async function allAnswered(runs: () => Promise<RunRecord[]>): Promise<void> {
    while ((await listReceived(opened.backend.records)).length > 0 || !(await runs()).every(isFinished)) await pause(10)
  }

  it('is not told to be refused when the mark stands, and is answered after the process has ended', async () => {
    const { acknowledged, told, runs } = await type('lost and dead')
    expect(acknowledged).toContain('It is not known whether mesh-medic accepted this')
    expect(acknowledged).not.toMatch(/cannot accept|Nothing was done/)
    await allAnswered(runs)
    expect(await runs()).toMatchObject([{ state: 'done', outcome: { verdict: 'ill' } }])
    expect(told()).toBe('')
  })

  it('is told not to be accepted by the next process when no mark stands', async () => {
    const { acknowledged, told, runs } = await type('refused and dead')
    expect(acknowledged).toContain('It is not known whether mesh-medic accepted this')
    await allAnswered(runs)
    expect(told()).toContain('/mesh diagnose catalog was not accepted')
    expect(told()).toContain('Nothing was done')
    expect(await runs()).toEqual([])
  })

  it('stays refused when its mark reaches the store after that was told', async () => {
    const { acknowledged, told, runs, land } = await type('late')
    expect(acknowledged).toContain('It is not known whether mesh-medic accepted this')
    await allAnswered(runs)
    expect(told()).toContain('was not accepted')
    await land()
    await allAnswered(runs)
    expect(await runs()).toEqual([])
  })

  it('is accepted when only the answer of the store was lost', async () => {
    const { acknowledged, told, runs } = await type('lost once')
    expect(acknowledged).toBe('""')
    while ((await runs()).length === 0) await pause(10)
    await allAnswered(runs)
    expect(await runs()).toMatchObject([{ state: 'done', outcome: { verdict: 'ill' } }])
    expect(told()).toBe('')
  })
})

describe('a run that the store has, although its answer was lost', () => {
  it('is not told to be refused', async () => {
    const backend = memoryBackend()
    let losses = 0
    const write: Records['write'] = async (...all) => {
      const version = await backend.records.write(...all)
      if (all[0] === 'runs' && (losses += 1) === 1) throw new StoreUnavailableError('write')
      return version
    }
    const house = await openHouse({ backend: { ...backend, records: { ...backend.records, write } } })
    const typed = await house.slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel: 'C_MESH' })
    await house.slack.waitFor(() => typed.ephemerals()[0])
    expect(await listRuns(backend.records)).toMatchObject([{ state: 'queued' }])
    expect(shownIn(typed.ephemerals()[0]!)).toContain('It is not known whether mesh-medic has begun this')
    expect(shownIn(typed.ephemerals()[0]!)).not.toMatch(/cannot accept|Nothing was done/)
    await house.close()
  })
})
