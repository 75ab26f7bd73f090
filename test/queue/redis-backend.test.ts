import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Backend } from '../../src/queue/backend.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import { isOlder, openRedisBackend } from '../../src/queue/redis-backend.ts'
import { opaqueId } from '../../src/store/opaque-id.ts'
import { StoreUnavailableError } from '../../src/store/records.ts'
import { onRedis, redisIsPresent, startRedis, type TestRedis } from '../redis-server.ts'
import { killContract, log, queueContract, SOON, stall } from './queue-contract.ts'

const dataFolder = join(tmpdir(), 'mesh-medic-never-made')
/** Rejects sooner, so that the tests of absence are short. */
const impatient = (url: string, patience = 1000): Promise<Backend> =>
  openRedisBackend({ url, prefix: 'impatient', log, patience })
const openAt = (redisUrl: string, prefix?: string): Promise<Backend> =>
  openBackend({ redisUrl, dataFolder, log, ...(prefix === undefined ? {} : { prefix }) })

describe.skipIf(!redisIsPresent())(`queue ${onRedis}`, () => {
  let server: TestRedis
  let backend: Backend
  beforeAll(async () => {
    server = await startRedis({ appendOnly: true })
    backend = await openAt(server.url, 'contract')
  })
  afterAll(async () => {
    await backend.close()
    await server.stop()
  })

  queueContract(() => backend)
})

// These wait for processes and servers: side by side, each on a server of its own.
describe.skipIf(!redisIsPresent()).concurrent(`a Redis that comes and goes ${onRedis}`, () => {
  const servers: TestRedis[] = []
  afterAll(async () => {
    for (const server of servers) await server.stop()
  })
  async function ownServer(): Promise<TestRedis> {
    const server = await startRedis({ appendOnly: true })
    servers.push(server)
    return server
  }

  let killed = ''
  killContract(
    async () => {
      killed = (await ownServer()).url
      const own = await openAt(killed)
      await own.queue.enqueue({ run: opaqueId(), kind: 'diagnose' })
      await own.close()
      return { redisUrl: killed, dataFolder }
    },
    () => openAt(killed),
  )

  it('says that it cannot take a job while Redis is away; afterwards everything goes on by itself', async ({
    expect,
  }) => {
    const server = await ownServer()
    const own = await impatient(server.url)
    const seen = vi.fn(() => Promise.resolve())
    const before = opaqueId()
    await own.queue.enqueue({ run: before, kind: 'status' })
    await server.kill()
    const refused = [own.queue.enqueue({ run: opaqueId(), kind: 'status' }), own.queue.counts(), own.ping()]
    await Promise.all(refused.map((one) => expect(one).rejects.toThrow(StoreUnavailableError)))
    const worker = own.openWorker({ log, stall, process: seen })
    await server.start()
    await expect
      .poll(
        () =>
          own.ping().then(
            () => 'here',
            () => 'away',
          ),
        SOON,
      )
      .toBe('here')
    const after = opaqueId()
    await own.queue.enqueue({ run: after, kind: 'status' })
    await expect.poll(() => seen.mock.calls.length, SOON).toBe(2)
    expect(seen.mock.calls.map((call: unknown[]) => (call[0] as { run: string }).run)).toEqual([before, after])
    await worker.close()
    await own.close()
  })

  it('can be closed with its workers while Redis is away', async () => {
    const gone = await startRedis()
    const own = await impatient(gone.url)
    await own.openWorker({ log, stall, process: () => Promise.resolve() }).ready()
    await gone.stop()
    await own.close()
    await own.close()
  })
})

describe.skipIf(!redisIsPresent()).concurrent(`a Redis that will not do ${onRedis}`, () => {
  it('is told apart: an address that is none, nobody there, a wrong password', async () => {
    for (const url of ['localhost:6379', 'http://localhost', 'redis://', 'redis://host/name', '']) {
      await expect(openAt(url)).rejects.toMatchObject({ code: 'redis-url-invalid' })
    }
    const guarded = await startRedis({ settings: ['--requirepass', 'right'] })
    try {
      await expect(openAt(guarded.url)).rejects.toMatchObject({
        code: 'redis-refused',
        message: expect.stringContaining('NOAUTH') as string,
      })
      const wrong = openAt(guarded.url.replace('//', '//:secret@'))
      await expect(wrong).rejects.toMatchObject({ code: 'redis-refused' })
      expect(inspect(await wrong.catch((error: unknown) => error), { depth: null })).not.toContain('secret')
      await (await openAt(guarded.url.replace('//', '//:right@'))).close()
    } finally {
      await guarded.stop()
    }
    await expect(impatient(guarded.url, 100)).rejects.toMatchObject({
      code: 'redis-unreachable',
      facts: { at: `127.0.0.1:${guarded.port}` },
    })
  })

  it('is warned about when it may drop or forget', async () => {
    const careless = await startRedis({ settings: ['--maxmemory-policy', 'allkeys-lru'] })
    const warn = vi.fn()
    try {
      await (await openBackend({ redisUrl: careless.url, dataFolder, log: { ...log, warn } })).close()
      expect(warn.mock.calls.map(([, message]: unknown[]) => message)).toEqual([
        expect.stringContaining('noeviction'),
        expect.stringContaining('appendonly'),
      ])
    } finally {
      await careless.stop()
    }
  })
})

describe.skipIf(!redisIsPresent())(`a Redis that is slow at the start ${onRedis}`, () => {
  it.each([1, 2, 3, 4])('does not open without a queue that works: answer %i to INFO does not come', async (nth) => {
    const slow = await startRedis()
    let asked = 0
    const proxy = createServer((client) => {
      const server = connect(slow.port, '127.0.0.1')
      client.on('data', (sent) => {
        if (/\r\ninfo\r\n/i.test(sent.toString('latin1'))) asked += 1
        if (asked === nth) asked += 1
        else if (!server.destroyed) server.write(sent)
      })
      server.on('data', (said) => client.write(said))
      for (const [one, other] of [
        [client, server],
        [server, client],
      ] as const)
        one.on('error', () => other.destroy()).on('close', () => other.destroy())
    })
    proxy.listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const opened = await impatient(`redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`, 300).catch(
      (error: unknown) => error,
    )
    if (opened instanceof Error) expect(opened).toMatchObject({ name: 'BackendError' })
    else {
      const own = opened as Backend
      await own.queue.enqueue({ run: opaqueId(), kind: 'status' })
      await own.close()
    }
    proxy.close()
    await slow.stop()
  })
})

describe('a Redis that is too old', () => {
  let server: Server
  afterAll(() => void server.close())

  it('is refused with its version', async () => {
    // Answers every command with the INFO of an old one; that is all that is asked before the refusal.
    const info = 'redis_version:6.0.16\r\nloading:0\r\n'
    server = createServer((socket) => {
      socket
        .on('error', () => {})
        .on('data', (data) => {
          const commands = data.toString().match(/^\*\d/gm)?.length ?? 0
          socket.write(`$${info.length}\r\n${info}\r\n`.repeat(commands))
        })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    await expect(openAt(`redis://127.0.0.1:${port}`)).rejects.toMatchObject({
      code: 'redis-too-old',
      facts: { version: '6.0.16', needed: '6.2' },
    })
  })

  it.each([
    ['6.0.16', true],
    ['5.9', true],
    ['6.2.0', false],
    ['6.2', false],
    ['6.10.1', false],
    ['7.0.15', false],
    ['unknown', false],
  ])('%s: %s', (version, old) => {
    expect(isOlder(version, '6.2')).toBe(old)
  })
})
