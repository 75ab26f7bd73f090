import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LEASE_ANNOTATION, telemetryFor, telemetryName } from '../../src/fixes/lent-telemetry.ts'
import { readLeaseLogs } from '../../src/leases/lease-log.ts'
import type { Permission } from '../../src/evidence/reading.ts'
import { extendLease } from '../../src/leases/extend.ts'
import { readLease, updateLease, type LeaseRecord } from '../../src/leases/lease-record.ts'
import { putBack } from '../../src/leases/put-back.ts'
import { raise, type LeaseRequest } from '../../src/leases/raise.ts'
import { sweepLeases } from '../../src/leases/sweep-leases.ts'
import type { KubernetesObject } from '../../src/mesh/objects.ts'
import type { Ref } from '../../src/mesh/ref.ts'
import { redisConnection } from '../../src/store/redis-connection.ts'
import { redisRecords } from '../../src/store/redis-records.ts'
import { verifyAudit } from '../../src/store/audit.ts'
import type { Records } from '../../src/store/records.ts'
import { forbidden, type WriteRequest } from '../fixes/api-server.ts'
import { onRedis, redisIsPresent, startRedis } from '../redis-server.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { sharedRecords } from '../store/shared-database.ts'
import {
  accessLogRequest,
  lentSpec,
  NO_ACCESS_LOGS,
  openAccessLogMesh,
  telemetry,
  type AccessLogMesh,
} from './access-log-mesh.ts'
import { eventsOf, NEVER, statesOf } from './house.ts'
import { Killed, killedAt, letGo } from './killed-at.ts'

let mesh: AccessLogMesh
let refused: ((request: WriteRequest) => ReturnType<typeof forbidden> | undefined) | undefined
beforeEach(async () => {
  refused = undefined
  mesh = await openAccessLogMesh({ rules: (request) => refused?.(request) })
})
afterEach(() => mesh.server.stop())

const BEFORE = { [NO_ACCESS_LOGS.metadata.name]: NO_ACCESS_LOGS.spec }
const objectOf = ({ id }: Pick<LeaseRecord, 'id'>): Ref => ({
  kind: 'Telemetry',
  namespace: 'shop',
  name: telemetryName(id),
})
const says = ({ proxies }: LeaseRecord): string => proxies.map(({ says: why = '' }) => why).join('; ')
const raiseOne = (records: Records, more: Partial<LeaseRequest> = {}): Promise<LeaseRecord> =>
  raise(mesh.deps(records), accessLogRequest(more), NEVER)
const back = async (records: Records, { id }: LeaseRecord): Promise<LeaseRecord> => {
  const lease = await putBack(mesh.deps(records), id, { why: 'time' }, NEVER)
  if (lease === undefined) throw new Error('no lease')
  return lease
}
const sweep = (records: Records, trouble?: (error: unknown) => void): Promise<void> =>
  sweepLeases(
    {
      ...mesh.deps(records),
      trouble:
        trouble ??
        ((error) => {
          throw error
        }),
    },
    NEVER,
  )
const expire = (records: Records, { id }: { id: string }): Promise<unknown> =>
  updateLease(records, id, (lease) => ({ ...lease, until: new Date(Date.now() - 1).toISOString() }))

/** Turned on and put back, as the records of any store have it. */
async function theWholeLife(records: Records): Promise<void> {
  const lease = await raiseOne(records)
  expect([lease.state, statesOf(lease)]).toEqual(['raised', ['raised']])
  expect(lease.proxies[0]?.before).toEqual({ 'access log': 'none' })
  expect(mesh.telemetries()).toEqual({ ...BEFORE, [telemetryName(lease.id)]: lentSpec() })
  const object = mesh.server.get(objectOf(lease))
  expect(object?.metadata).toMatchObject({
    labels: { 'app.kubernetes.io/managed-by': 'mesh-medic' },
    annotations: { [LEASE_ANNOTATION]: lease.id },
    uid: lease.proxies[0]?.object,
  })
  await extendLease(records, lease.id, { minutes: 15, most: 15, by: { user: 'U_ONCALL' } })
  await expire(records, lease)
  await sweep(records)
  const over = await readLease(records, lease.id)
  expect([over?.state, over && statesOf(over), over?.ended?.why]).toEqual(['over', ['put-back'], 'time'])
  expect(mesh.telemetries()).toEqual(BEFORE)
  expect(await eventsOf(records, lease.id)).toEqual(['lease-granted', 'lease-extended', 'lease-ended'])
  expect(await verifyAudit(records)).toMatchObject({ ok: true })
}

describe('access logs are turned on and put back exactly', () => {
  it('in memory', () => theWholeLife(memoryRecords()))
  it('on PGlite', async () => theWholeLife(await sharedRecords()))
  it.skipIf(!redisIsPresent())(onRedis, async () => {
    const redis = await startRedis()
    const connection = redisConnection(redis.url, { patience: 10_000 })
    try {
      await theWholeLife(redisRecords(connection, { prefix: 'access-logs', patience: 10_000 }))
    } finally {
      connection.disconnect()
      await redis.stop()
    }
  })

  it('with the rights of the bot, and nothing is written but one object that is made and deleted', async () => {
    const records = memoryRecords()
    await back(records, await raiseOne(records))
    expect(mesh.server.writes.map(({ verb, ref, user }) => [verb, ref.kind, ref.namespace, user])).toEqual([
      ['create', 'Telemetry', 'shop', 'bot'],
      ['delete', 'Telemetry', 'shop', 'bot'],
    ])
  })

  it('by the provider that was chosen', async () => {
    const lease = await raiseOne(memoryRecords(), { settings: { 'access log': 'envoy-json' } })
    expect(mesh.telemetries()[telemetryName(lease.id)]).toEqual(lentSpec(undefined, 'envoy-json'))
  })
})

it("the logs of the workload's pods are saved, with what was turned on", async () => {
  const records = memoryRecords()
  const lease = await raiseOne(records)
  const { clients } = mesh.deps(records)
  const kubernetes = { ...clients.kubernetes, log: () => Promise.resolve('GET /items 200\n') }
  const { files } = await readLeaseLogs(lease, { ...clients, kubernetes }, NEVER)
  expect(files.map(({ content }) => content)).toEqual(
    ['catalog-1', 'catalog-2'].map(
      (name) =>
        expect.stringMatching(
          new RegExp(
            `^# istio-proxy of ${name} in shop, from \\S+\\n# turned on: access log by provider envoy; secrets are redacted\\nGET /items 200\\n$`,
          ),
        ) as string,
    ),
  )
})

describe('nothing is turned on', () => {
  const refusedFor = async (object: KubernetesObject): Promise<string> => {
    mesh.server.put(object)
    const before = mesh.telemetries()
    const lease = await raiseOne(memoryRecords())
    expect([lease.state, statesOf(lease), lease.ended?.why]).toEqual(['over', ['refused'], 'failed'])
    expect(mesh.telemetries()).toEqual(before)
    expect(mesh.server.writes).toEqual([])
    return says(lease)
  }

  it.each<[string, Record<string, unknown>]>([
    ['the same labels', { selector: { matchLabels: { app: 'catalog', version: 'v1' } } }],
    ['fewer labels', { selector: { matchLabels: { app: 'catalog' } }, metrics: [] }],
  ])('where a Telemetry object selects the pods by %s', async (_how, spec) => {
    expect(await refusedFor(telemetry('by-hand', spec))).toBe(
      'Telemetry shop/by-hand selects these pods already: of two Telemetry objects for the same pods, Istio lets their age decide which counts, some releases the older and some the younger. Set accessLogging there',
    )
  })

  it("where an object of the lease's name is there already, and that one is left alone", async () => {
    const request = accessLogRequest()
    mesh.server.put(telemetry(telemetryName(request.id), { accessLogging: [] }))
    const records = memoryRecords()
    const lease = await raise(mesh.deps(records), request, NEVER)
    expect(says(lease)).toContain("a Telemetry object of the lease's name is there already")
    expect(mesh.telemetries()[telemetryName(request.id)]).toEqual({ accessLogging: [] })
  })

  it('by a bot that may not, and it is said what allows it', async () => {
    refused = forbidden
    const lease = await raiseOne(memoryRecords())
    expect(statesOf(lease)).toEqual(['refused'])
    expect(says(lease)).toMatch(
      /^mesh-medic may not write Telemetry objects in shop \(ClusterRole mesh-medic-operator in deploy\/manifests\/operator\.yaml allows it\): .*cannot create resource "telemetries"/,
    )
    expect(mesh.telemetries()).toEqual(BEFORE)
  })

  it('by a bot that may make the object and not delete it', async () => {
    const deps = mesh.deps(memoryRecords())
    const kubernetes = {
      ...deps.clients.kubernetes,
      allowed: ({ verb, namespace }: Permission) => Promise.resolve(verb !== 'delete' || namespace !== 'shop'),
    }
    const lease = await raise({ ...deps, clients: { ...deps.clients, kubernetes } }, accessLogRequest(), NEVER)
    expect([lease.state, statesOf(lease), says(lease)]).toEqual([
      'over',
      ['refused'],
      'mesh-medic may not delete Telemetry objects in shop, as it has to when the lease is over (ClusterRole mesh-medic-operator in deploy/manifests/operator.yaml allows it)',
    ])
    expect(mesh.server.writes).toEqual([])
  })

  it('in a namespace that is gone', async () => {
    mesh.server.remove({ kind: 'Namespace', name: 'shop' })
    expect(says(await raiseOne(memoryRecords()))).toContain('namespaces "shop" not found')
  })

  it('where the API server refuses', async () => {
    mesh.server.fail({
      on: 'write',
      how: { code: 400, message: 'admission webhook "validation.istio.io" denied the request' },
    })
    const lease = await raiseOne(memoryRecords())
    expect([lease.state, statesOf(lease)]).toEqual(['over', ['refused']])
    expect(mesh.telemetries()).toEqual(BEFORE)
  })

  it('where another one is made in the same moment: then neither counts for sure', async () => {
    mesh.server.meanwhile = ({ verb }) => {
      if (verb === 'create') mesh.server.put(telemetry('by-hand', { selector: { matchLabels: { app: 'catalog' } } }))
    }
    const lease = await raiseOne(memoryRecords())
    expect([statesOf(lease), says(lease)]).toEqual([
      ['refused'],
      expect.stringContaining('Telemetry shop/by-hand selects'),
    ])
    expect(Object.keys(mesh.telemetries())).toEqual(['no-access-logs', 'by-hand'])
  })
})

describe('an answer that is lost', () => {
  it.each(['cut', 'lose answer'] as const)('%s: is asked for once more, which makes no second one', async (how) => {
    mesh.server.fail({ on: 'write', how })
    const records = memoryRecords()
    const lease = await raiseOne(records)
    expect([lease.state, statesOf(lease), says(lease)]).toEqual(['raised', ['raised'], ''])
    expect(Object.keys(mesh.telemetries())).toHaveLength(2)
    expect((await back(records, lease)).state).toBe('over')
    expect(mesh.telemetries()).toEqual(BEFORE)
  })

  it('twice: what arrives after the look that found nothing is deleted at the end', async () => {
    const records = memoryRecords()
    mesh.server.fail({ on: 'write', how: 'cut', times: 2 })
    const lease = await raiseOne(records)
    expect([lease.state, statesOf(lease), says(lease)]).toEqual([
      'raised',
      ['raised'],
      expect.stringContaining('it is not known whether they are on'),
    ])
    mesh.server.put(
      telemetryFor(lease.id, { namespace: 'shop', selector: { app: 'catalog', version: 'v1' }, provider: 'envoy' }),
    )
    expect(Object.keys(mesh.telemetries())).toHaveLength(2)
    expect((await back(records, lease)).state).toBe('over')
    expect(mesh.telemetries()).toEqual(BEFORE)
  })

  it('twice: when nothing arrives, the end finds nothing to delete', async () => {
    const records = memoryRecords()
    mesh.server.fail({ on: 'write', how: 'cut', times: 2 })
    const lease = await raiseOne(records)
    expect((await back(records, lease)).state).toBe('over')
    expect(mesh.telemetries()).toEqual(BEFORE)
  })
})

it.each<[string, Record<string, unknown>]>([
  ['for a whole namespace', { selector: { matchLabels: {} }, metrics: [] }],
  ['for other pods', { selector: { matchLabels: { app: 'cart' } } }],
  ['for other versions', { selector: { matchLabels: { app: 'catalog', version: 'v2' } } }],
  ['for a gateway', { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'public' }] }],
])('a Telemetry object %s stands in no way', async (_for, spec) => {
  mesh.server.put(telemetry('by-hand', spec))
  const records = memoryRecords()
  const lease = await raiseOne(records)
  expect(lease.state).toBe('raised')
  await back(records, lease)
  expect(mesh.telemetries()).toEqual({ ...BEFORE, 'by-hand': spec })
})

describe('two leases at once', () => {
  it('for one workload: one of them has it', async () => {
    const records = memoryRecords()
    const leases = await Promise.all([raiseOne(records), raiseOne(records)])
    expect(leases.map(({ state }) => state).sort()).toEqual(['over', 'raised'])
    expect(leases.map(says).join('')).toMatch(
      /^access log is already turned on by U_ONCALL until .* \(lease accesslogs/,
    )
    expect(Object.keys(mesh.telemetries())).toHaveLength(2)
  })

  it('for workloads whose labels overlap: never both', async () => {
    const records = memoryRecords()
    const other = {
      ref: { kind: 'Deployment', namespace: 'shop', name: 'catalog-all' },
      uid: 'uid-catalog-all',
      selector: { app: 'catalog' },
    }
    const leases = await Promise.all([raiseOne(records), raiseOne(records, { workload: other })])
    expect(leases.filter(({ state }) => state === 'raised').length).toBeLessThan(2)
    expect(Object.keys(mesh.telemetries()).length).toBeLessThan(3)
    for (const lease of leases) await back(records, lease)
    expect(mesh.telemetries()).toEqual(BEFORE)
  })

  it('for two workloads: both', async () => {
    const records = memoryRecords()
    const cart = {
      ref: { kind: 'Deployment', namespace: 'shop', name: 'cart' },
      uid: 'uid-cart',
      selector: { app: 'cart' },
    }
    const leases = await Promise.all([raiseOne(records), raiseOne(records, { workload: cart })])
    expect(leases.map(({ state }) => state)).toEqual(['raised', 'raised'])
    for (const lease of leases) expect((await back(records, lease)).state).toBe('over')
    expect(mesh.telemetries()).toEqual(BEFORE)
  })
})

describe('what somebody else did meanwhile', () => {
  it('to what the object asks for is left alone, and told with the command that deletes it', async () => {
    const records = memoryRecords()
    const lease = await raiseOne(records)
    const name = telemetryName(lease.id)
    const object = mesh.server.get(objectOf(lease))!
    const spec = { accessLogging: [{ providers: [{ name: 'envoy' }], filter: { expression: 'response.code >= 400' } }] }
    mesh.server.put({ ...object, spec })
    const over = await back(records, lease)
    expect([over.state, statesOf(over), says(over)]).toEqual([
      'over',
      ['left'],
      `Telemetry shop/${name} was changed or made anew by somebody else; to delete it: kubectl delete telemetry ${name} -n shop`,
    ])
    expect(mesh.telemetries()).toEqual({ ...BEFORE, [name]: spec })
  })

  it('to its mark is left alone: it is theirs now', async () => {
    const records = memoryRecords()
    const lease = await raiseOne(records)
    const object = mesh.server.get(objectOf(lease))!
    mesh.server.put({ ...object, metadata: { ...object.metadata, annotations: {} } })
    expect(statesOf(await back(records, lease))).toEqual(['left'])
    expect(Object.keys(mesh.telemetries())).toHaveLength(2)
  })

  it('by making one of the same name and content anew is left alone', async () => {
    const records = memoryRecords()
    const lease = await raiseOne(records)
    const object = mesh.server.get(objectOf(lease))!
    mesh.server.remove(objectOf(lease))
    mesh.server.put(object)
    expect(statesOf(await back(records, lease))).toEqual(['left'])
    expect(Object.keys(mesh.telemetries())).toHaveLength(2)
  })

  it('to labels of no meaning does not matter', async () => {
    const records = memoryRecords()
    const lease = await raiseOne(records)
    const object = mesh.server.get(objectOf(lease))!
    mesh.server.put({ ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, seen: 'yes' } } })
    expect(statesOf(await back(records, lease))).toEqual(['put-back'])
    expect(mesh.telemetries()).toEqual(BEFORE)
  })

  it('in the moment of deleting it is seen', async () => {
    const records = memoryRecords()
    const lease = await raiseOne(records)
    mesh.server.meanwhile = ({ verb }) => {
      if (verb !== 'delete') return
      const object = mesh.server.get(objectOf(lease))!
      mesh.server.put({ ...object, spec: { accessLogging: [] } })
    }
    expect(statesOf(await back(records, lease))).toEqual(['unreachable'])
    mesh.server.meanwhile = undefined
    expect(statesOf(await back(records, lease))).toEqual(['left'])
    expect(Object.keys(mesh.telemetries())).toHaveLength(2)
  })

  it.each<[string, (lease: LeaseRecord) => void]>([
    ['deleting the object', (lease) => mesh.server.remove(objectOf(lease))],
    [
      'deleting the namespace',
      () => {
        for (const { kind, metadata } of mesh.server.objects())
          if (metadata.namespace === 'shop' || metadata.name === 'shop') mesh.server.remove({ kind, ...metadata })
      },
    ],
    [
      'deleting the workload',
      () => {
        for (const name of ['catalog-1', 'catalog-2']) mesh.server.remove({ kind: 'Pod', namespace: 'shop', name })
      },
    ],
  ])('by %s ends the lease all the same', async (_what, act) => {
    const records = memoryRecords()
    const lease = await raiseOne(records)
    act(lease)
    const over = await back(records, lease)
    expect([over.state, statesOf(over)]).toEqual(['over', ['put-back']])
    expect(mesh.telemetries()[telemetryName(lease.id)]).toBeUndefined()
  })
})

describe('what cannot be deleted yet', () => {
  it('stays in the records while the API server is away, and is deleted when it is back', async () => {
    const records = memoryRecords()
    const lease = await raiseOne(records)
    await expire(records, lease)
    for (const how of [
      'cut',
      { code: 503, message: 'the server is currently unable to handle the request' },
    ] as const) {
      mesh.server.fail({ on: 'write', how })
      await sweep(records)
      const now = (await readLease(records, lease.id))!
      expect([now.state, statesOf(now)]).toEqual(['putting-back', ['unreachable']])
      expect(Object.keys(mesh.telemetries())).toHaveLength(2)
    }
    await sweep(records)
    expect((await readLease(records, lease.id))?.state).toBe('over')
    expect(mesh.telemetries()).toEqual(BEFORE)
  })

  it('stays while the right is missing, which is said', async () => {
    const records = memoryRecords()
    const lease = await raiseOne(records)
    refused = forbidden
    const now = await back(records, lease)
    expect([now.state, statesOf(now), says(now)]).toEqual([
      'putting-back',
      ['unreachable'],
      expect.stringContaining('cannot delete resource "telemetries"'),
    ])
    refused = undefined
    expect((await back(records, lease)).state).toBe('over')
    expect(mesh.telemetries()).toEqual(BEFORE)
  })
})

describe('killed at every act', () => {
  const acts = async (what: 'turning on' | 'putting back'): Promise<number> => {
    const records = memoryRecords()
    const request = accessLogRequest()
    const never = killedAt(Infinity, 'before', mesh.deps(records))
    await raise(what === 'turning on' ? never.deps : mesh.deps(records), request, NEVER)
    if (what === 'putting back') await putBack(never.deps, request.id, { why: 'time' }, NEVER)
    else await putBack(mesh.deps(records), request.id, { why: 'time' }, NEVER)
    return never.acts()
  }

  it.each([
    ['before', 'turning on', 'another worker goes on'],
    ['after', 'turning on', 'another worker goes on'],
    ['before', 'turning on', 'the sweep ends it'],
    ['after', 'turning on', 'the sweep ends it'],
    ['before', 'putting back', 'the sweep ends it'],
    ['after', 'putting back', 'the sweep ends it'],
  ] as const)('%s it was done, %s: %s', async (when, what, next) => {
    const all = await acts(what)
    expect(all).toBeGreaterThan(8)
    for (let nth = 1; nth <= all; nth += 1) {
      const records = memoryRecords()
      const deps = mesh.deps(records)
      const request = accessLogRequest()
      const killed = killedAt(nth, when, deps)
      const orKilled = (error: unknown): void => {
        if (!(error instanceof Killed)) throw error
      }
      if (what === 'turning on') await raise(killed.deps, request, NEVER).catch(orKilled)
      else {
        await raise(deps, request, NEVER)
        await putBack(killed.deps, request.id, { why: 'put back', by: 'U_SECOND' }, NEVER).catch(orKilled)
      }
      await killed.ended()
      await letGo(records)
      if (next === 'another worker goes on') {
        const lease = await raise(deps, request, NEVER)
        expect([nth, lease.state, lease.proxies[0]?.before]).toEqual([nth, 'raised', { 'access log': 'none' }])
        expect(mesh.telemetries()).toEqual({ ...BEFORE, [telemetryName(request.id)]: lentSpec() })
      }
      await expire(records, request)
      await sweep(records)
      await sweep(records)
      expect([nth, mesh.telemetries()]).toEqual([nth, BEFORE])
      expect([nth, (await readLease(records, request.id))?.state ?? 'over']).toEqual([nth, 'over'])
      expect(await verifyAudit(records)).toMatchObject({ ok: true })
    }
  })
})
