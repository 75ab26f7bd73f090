import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StoreUnavailableError, type Records } from '../../src/store/records.ts'
import { redisConnection } from '../../src/store/redis-connection.ts'
import { redisRecords } from '../../src/store/redis-records.ts'
import { onRedis, redisIsPresent, startRedis, type TestRedis } from '../redis-server.ts'
import { auditContract } from './audit-contract.ts'
import { recordsContract } from './records-contract.ts'

const connections: Redis[] = []
function open(server: TestRedis, patience = 10_000, prefix = 'test'): Records {
  const redis = redisConnection(server.url, { patience })
  redis.on('error', () => {})
  connections.push(redis)
  return redisRecords(redis, { prefix, patience })
}

/** Waits until records answer: a connection is made when it is first asked. */
const answering = (records: Records): Promise<void> =>
  expect
    .poll(() =>
      records.ping().then(
        () => 'here',
        () => 'away',
      ),
    )
    .toBe('here')

/** Rejects soon, so that the tests of absence are short; connected, whenever that succeeds. */
async function impatient(server: TestRedis): Promise<Records> {
  const records = open(server, 300)
  await answering(records)
  return records
}

describe.skipIf(!redisIsPresent())(`records ${onRedis}`, () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis({ appendOnly: true })
  })
  afterAll(async () => {
    for (const redis of connections) redis.disconnect()
    await server.stop()
  })

  recordsContract(() => Promise.resolve([open(server), open(server)]))

  let audits = 0
  auditContract(() => {
    const prefix = `audit-${++audits}`
    return Promise.resolve([open(server, 10_000, prefix), open(server, 10_000, prefix)])
  })

  it('has everything after Redis was killed, rejects while it is away, recovers by itself', async () => {
    const version = await open(server).write('approvals', 'x', { kept: true }, { expiresInSeconds: 3600 })
    await open(server).append('audit', 'first')
    const records = await impatient(server)
    await server.kill()
    await expect(records.read('approvals', 'x')).rejects.toThrow(StoreUnavailableError)
    await expect(records.append('audit', 'never')).rejects.toMatchObject({
      code: 'store-unavailable',
      operation: 'append',
      cause: expect.any(Error) as Error,
    })
    await expect(records.ping()).rejects.toThrow(StoreUnavailableError)
    await server.start()
    await expect
      .poll(() => records.read('approvals', 'x').catch(() => 'away'))
      .toEqual({ value: { kept: true }, version })
    expect(await open(server).append('audit', 'second')).toBe(2)
    expect((await open(server).entries('audit')).map(({ value }) => value)).toEqual(['first', 'second'])
  })

  it('rejects when Redis is connected and silent', async () => {
    await open(server).write('approvals', 'y', 1)
    const records = await impatient(server)
    server.freeze()
    try {
      await expect(records.read('approvals', 'y')).rejects.toThrow(StoreUnavailableError)
    } finally {
      server.thaw()
    }
    await expect.poll(() => records.read('approvals', 'y').catch(() => 'away')).toMatchObject({ value: 1 })
  })

  /** The connection that records use which were opened last, when it is there; an earlier one may still be on its way back. */
  const connectionOf = async (records: Records): Promise<Redis> => {
    const redis = connections.at(-1)!
    await answering(records)
    return redis
  }

  it('rejects what Redis refuses, with its words as the cause', async () => {
    const records = open(server)
    await (await connectionOf(records)).set('test:stream:wrong', 'not a list')
    await expect(records.append('wrong', 1)).rejects.toMatchObject({
      code: 'store-unavailable',
      cause: { message: expect.stringContaining('WRONGTYPE') as string },
    })
  })

  it('forgets the ids of expired records in its index', async () => {
    const records = open(server)
    await records.write('brief', 'gone', 1, { expiresInSeconds: 0.01 })
    await expect.poll(() => records.read('brief', 'gone')).toBeUndefined()
    await records.write('brief', 'here', 1)
    expect(await (await connectionOf(records)).zrange('test:index:brief', '0', '-1')).toEqual(['here'])
  })
})
