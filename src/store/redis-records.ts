import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { assertPlaceName, ConflictError, StoreUnavailableError, toJson, type Records } from './records.ts'
import { connected, PATIENCE, withoutCommand } from './redis-connection.ts'

/*
 * Keys, all behind `<prefix>:` (one Redis or a primary with replicas; not Redis Cluster):
 *   record:<collection>:<id>   hash with `version` and `value` (JSON); expires by itself
 *   index:<collection>         sorted set of the ids; the score is the expiry in ms since 1970, or +inf
 *   stream:<stream>            list of JSON
 *   versions                   counter behind all versions
 * An expired id is taken out of the index by the next write to its collection.
 */
const WRITE = script(`
local found = redis.call('HGET', KEYS[1], 'version')
if ARGV[3] == 'absent' then
  if found then return 0 end
elseif ARGV[3] ~= '' and ARGV[3] ~= found then
  return 0
end
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local version = redis.call('INCR', KEYS[3])
redis.call('HSET', KEYS[1], 'version', version, 'value', ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if ARGV[4] == '' then
  redis.call('PERSIST', KEYS[1])
  redis.call('ZADD', KEYS[2], '+inf', ARGV[1])
else
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', now + ARGV[4]))
  redis.call('ZADD', KEYS[2], string.format('%.0f', now + ARGV[4]), ARGV[1])
end
return version`)

const REMOVE = script(`
if ARGV[2] ~= '' and ARGV[2] ~= redis.call('HGET', KEYS[1], 'version') then return -1 end
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])`)

const LIST = script(`
local found = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local record = redis.call('HMGET', ARGV[1] .. id, 'version', 'value')
  if record[1] then
    found[#found + 1] = id
    found[#found + 1] = record[1]
    found[#found + 1] = record[2]
  end
end
return found`)

const APPEND = script(`
if ARGV[2] ~= '' and tonumber(ARGV[2]) ~= redis.call('LLEN', KEYS[1]) then return 0 end
return redis.call('RPUSH', KEYS[1], ARGV[1])`)

const LAST = script(`return { redis.call('LLEN', KEYS[1]), redis.call('LINDEX', KEYS[1], -1) }`)

/** Records in Redis (>= 6.2), over a connection made by `redisConnection`, which stays the caller's. */
export function redisRecords(redis: Redis, { prefix = 'mesh-medic', patience = PATIENCE } = {}): Records {
  const recordKey = (collection: string, id: string): string => `${prefix}:record:${collection}:${id}`
  const indexKey = (collection: string): string => `${prefix}:index:${collection}`
  const streamKey = (stream: string): string => `${prefix}:stream:${stream}`

  const ask = async <T>(operation: string, command: () => Promise<T>): Promise<T> => {
    try {
      await connected(redis, operation, { patience })
      return await command()
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error
      throw new StoreUnavailableError(operation, { cause: withoutCommand(error) })
    }
  }
  const run = (operation: string, { sha, lua }: Script, keys: string[], args: (string | number)[]): Promise<unknown> =>
    ask(operation, async () => {
      try {
        return await redis.evalsha(sha, keys.length, ...keys, ...args)
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
        return redis.eval(lua, keys.length, ...keys, ...args)
      }
    })

  return {
    async read(collection, id) {
      assertPlaceName(collection)
      const [version, value] = await ask('read', () => redis.hmget(recordKey(collection, id), 'version', 'value'))
      return version == null || value == null
        ? undefined
        : { version: Number(version), value: JSON.parse(value) as unknown }
    },
    async write(collection, id, value, { expected, expiresInSeconds } = {}) {
      assertPlaceName(collection)
      const keys = [recordKey(collection, id), indexKey(collection), `${prefix}:versions`]
      const expiry = expiresInSeconds === undefined ? '' : Math.max(1, Math.ceil(expiresInSeconds * 1000))
      const version = Number(await run('write', WRITE, keys, [id, toJson(value), expected ?? '', expiry]))
      if (version === 0) throw new ConflictError(collection, id, expected ?? 'absent')
      return version
    },
    async remove(collection, id, { expected } = {}) {
      assertPlaceName(collection)
      const removed = await run(
        'remove',
        REMOVE,
        [recordKey(collection, id), indexKey(collection)],
        [id, expected ?? ''],
      )
      if (removed === -1) throw new ConflictError(collection, id, expected ?? 'absent')
      return removed === 1
    },
    async list(collection) {
      assertPlaceName(collection)
      const flat = (await run('list', LIST, [indexKey(collection)], [recordKey(collection, '')])) as string[]
      const found = []
      for (let at = 0; at < flat.length; at += 3) {
        const [id = '', version, value = ''] = flat.slice(at, at + 3)
        found.push({ id, version: Number(version), value: JSON.parse(value) as unknown })
      }
      return found.sort((one, other) => (one.id < other.id ? -1 : 1))
    },
    async append(stream, value, expectedLength) {
      assertPlaceName(stream)
      const sequence = Number(await run('append', APPEND, [streamKey(stream)], [toJson(value), expectedLength ?? '']))
      if (sequence === 0) throw new ConflictError(stream, undefined, expectedLength ?? 0)
      return sequence
    },
    async entries(stream, { from = 1, limit = 1000 } = {}) {
      assertPlaceName(stream)
      if (limit < 1) return []
      const texts = await ask('entries', () => redis.lrange(streamKey(stream), from - 1, from + limit - 2))
      return texts.map((text, at) => ({ sequence: from + at, value: JSON.parse(text) as unknown }))
    },
    async lastEntry(stream) {
      assertPlaceName(stream)
      const [length, text] = (await run('last entry', LAST, [streamKey(stream)], [])) as [number, string?]
      return length === 0 || text == null ? undefined : { sequence: length, value: JSON.parse(text) as unknown }
    },
    async ping() {
      await ask('ping', () => redis.ping())
    },
    close: () => Promise.resolve(),
  }
}

interface Script {
  sha: string
  lua: string
}

function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') }
}
