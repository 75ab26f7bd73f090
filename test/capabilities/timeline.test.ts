import { describe, expect, it, vi } from 'vitest'
import { carryOut } from '../../src/capabilities/carry-out.ts'
import { timeline, type TimelineAnswer } from '../../src/capabilities/timeline.ts'
import { watchFor } from '../../src/capabilities/watch-timeline.ts'
import { UnseenError, type Clients } from '../../src/evidence/clients/clients.ts'
import { createLease, updateLease } from '../../src/leases/lease-record.ts'
import { timelineStory } from '../../src/report/timeline-text.ts'
import { createRun, readRun } from '../../src/store/runs.ts'
import { NoSuchRequestError } from '../../src/timeline/timeline.ts'
import { recordedClients } from '../replay.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { GATEWAY, SIDECAR } from '../timeline/recorded.ts'
import { capabilityDeps } from './deps.ts'
import { FakeThread } from './fake-thread.ts'

type Logs = (pod: string) => string

/** A recorded mesh whose proxies have logged this. */
function meshWith(logs: Logs): Clients {
  const clients = recordedClients('slow-endpoint/ill')
  const { kubernetes } = clients
  return { ...clients, kubernetes: { ...kubernetes, log: (pod) => Promise.resolve().then(() => logs(pod.name)) } }
}

/** The slow pod's sidecar, whichever of the recorded pods it is. */
const recorded: Logs = (pod) =>
  pod.startsWith('istio-ingressgateway') ? GATEWAY : pod.startsWith('catalog-v2') ? SIDECAR : ''

async function asked(clients: Clients, request: Record<string, unknown> = {}, records = memoryRecords()) {
  const thread = new FakeThread()
  const { deps } = capabilityDeps(records, { openThread: () => thread, clients })
  const run = await createRun(records, {
    request: { kind: 'timeline', text: 'catalog', namespace: 'istioinaction', ...request },
    asker: { user: 'U_ONCALL' },
    channel: 'C_MESH',
  })
  await carryOut(deps, timeline)({ run: run.id, kind: 'timeline' }, new AbortController().signal)
  const [how, told] = thread.told.at(-1) ?? []
  return { how, told: told as TimelineAnswer & Error, record: await readRun(records, run.id) }
}

it('tells a failed request to a target, and its record says how it ended', async () => {
  const { how, told, record } = await asked(meshWith(recorded))
  expect(how).toBe('answer')
  const [first, second] = timelineStory(told.found.timeline)
  expect(first).toMatch(
    /^The gateway istio-ingressgateway-\S+ took GET catalog\.istioinaction\.io\/items at 23:51:30\.429426 UTC/,
  )
  expect(second).toContain('it was sent upstream on connection 87')
  expect(told.found.timeline.legs.length + told.found.timeline.unjoined.length).toBeGreaterThan(1)
  expect(record).toMatchObject({
    state: 'done',
    outcome: {
      verdict: 'shown',
      sentence: "GET catalog.istioinaction.io/items: 504 after 503.6 ms, the route's timeout fired",
    },
  })
})

it("shows no request of the gateway's that is another target's", async () => {
  const other = GATEWAY.replaceAll('catalog.istioinaction', 'orders.shop')
  const { how, told } = await asked(meshWith((pod) => (pod.startsWith('istio-ingress') ? other : '')))
  expect(how).toBe('refused')
  expect(told.message).toMatch(/^There is no failed request in istio-ingressgateway-/)
})

it('keeps and tells no secret that a proxy logged', async () => {
  const secret = 'Bearer abcdefghijklmnopqrstuvwxyz0123456789'
  const cookie = "'cookie', 'session=s3cr3tvalue0123'"
  const log = GATEWAY.replaceAll("'user-agent', 'curl/7.88.1'", `'authorization', '${secret}'\n${cookie}`)
  const { told } = await asked(meshWith((pod) => (pod.startsWith('istio-ingress') ? log : '')))
  expect(log).toContain(secret)
  expect(JSON.stringify(told)).toContain("'authorization', '[redacted]'")
  expect(JSON.stringify(told)).not.toMatch(/abcdefghijklmnop|s3cr3tvalue/)
})

it('waits for the access log where the request ended just now', async () => {
  const withoutAccess = (log: string): string => log.replace(/^\[2026.*\n/gm, '')
  const seen = new Set<string>()
  const { told } = await asked({
    ...meshWith((pod) => {
      const isFirst = !seen.has(pod)
      seen.add(pod)
      return isFirst ? withoutAccess(recorded(pod)) : recorded(pod)
    }),
    now: () => new Date('2026-11-30T23:51:34.420Z'),
  })
  expect(told.found.timeline.legs[0]?.access?.flags).toEqual(['UT'])
  expect(told.found.timeline.matching).toEqual({ count: 1, of: 'debug log', what: 'failed request' })
})

it('says which logs could not be read, and that others were not looked at', async () => {
  const { told } = await asked(
    meshWith((pod) => {
      if (pod.startsWith('catalog')) throw new UnseenError('forbidden', 'pods/log is forbidden')
      return recorded(pod)
    }),
  )
  expect(told.found.notes.join('\n')).toMatch(/The log of catalog-v2-\S+ could not be read: pods\/log is forbidden\./)
  expect(told.found.notes.at(-1)).toContain('not those of callers inside the mesh')
})

it('says what to raise where the logs are not at debug', async () => {
  const access = GATEWAY.split('\n')
    .filter((line) => line.startsWith('[2026'))
    .join('\n')
  const { how, told } = await asked(meshWith(() => access))
  expect(how).toBe('refused')
  expect(told.message).toContain('but no debug lines of it')
})

describe('while log levels are raised', () => {
  const lease = (until: string) => ({
    kind: 'log-levels' as const,
    lent: { http: 'debug' },
    proxies: [],
    from: '2026-11-30T23:50:00.000Z',
    until,
    by: { user: 'U_ONCALL' },
    target: 'Service istioinaction/catalog',
    asked: { text: 'catalog', namespace: 'istioinaction' },
    run: 'r1',
  })

  it('waits for a request until one comes', async () => {
    let looks = 0
    const waited: number[] = []
    const found = await watchFor(
      () => {
        looks += 1
        return looks < 3 ? Promise.reject(new NoSuchRequestError({ why: 'none' })) : Promise.resolve('found')
      },
      {
        until: Date.now() + 60_000,
        signal: new AbortController().signal,
        waiting: (count) => waited.push(count),
        every: 1,
      },
    )
    expect([found, waited]).toEqual(['found', [1, 2]])
  })

  it('says at the end that none came', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const end = Date.now() + 10_000
    const watch = watchFor(() => Promise.reject(new NoSuchRequestError({ why: 'There is none.' })), {
      until: end,
      signal: new AbortController().signal,
      waiting: () => vi.setSystemTime(end),
      every: 1,
    })
    await expect(watch).rejects.toThrow(
      'There is none. It was looked for 2 times, until the raised log levels were put back.',
    )
    vi.useRealTimers()
  })

  it('reads the proxies of the lease that was asked about', async () => {
    const records = memoryRecords()
    const proxy = (name: string) => ({
      pod: { kind: 'Pod', namespace: 'istio-system', name },
      uid: name,
      before: { http: 'warning' },
      state: 'raised' as const,
    })
    const clients = meshWith(recorded)
    const [gateway] = await clients.kubernetes.list(
      { group: '', version: 'v1', plural: 'pods', kind: 'Pod' },
      { labels: 'istio=ingressgateway' },
      new AbortController().signal,
    )
    const { id } = await createLease(records, {
      ...lease('2026-11-30T23:55:00.000Z'),
      proxies: [proxy(gateway?.metadata.name ?? '')],
    })
    const { how } = await asked(clients, { lease: id }, records)
    expect(how).toBe('answer')
  })

  it("reads the log of another workload's proxy whose levels are raised, as it may have called the target", async () => {
    const records = memoryRecords()
    const clients = meshWith(recorded)
    const { kubernetes } = clients
    const read: string[] = []
    const list: typeof kubernetes.list = async (resource, where, signal) => {
      if (where.namespace !== 'shop' || resource.plural !== 'pods') return kubernetes.list(resource, where, signal)
      const all = await kubernetes.list(resource, { namespace: 'istioinaction' }, signal)
      return all.slice(0, 1).map((pod) => ({
        ...pod,
        metadata: { ...pod.metadata, name: 'caller-1', namespace: 'shop', labels: { app: 'caller' }, uid: 'c' },
      }))
    }
    const mesh: Clients = {
      ...clients,
      kubernetes: {
        ...kubernetes,
        list,
        log(pod, ...rest) {
          read.push(pod.name)
          return kubernetes.log(pod, ...rest)
        },
      },
    }
    const until = new Date(Date.now() + 60_000).toISOString()
    const pod = { kind: 'Pod', namespace: 'shop', name: 'caller-1' }
    await createLease(records, {
      ...lease(until),
      proxies: [{ pod, uid: 'c', before: { http: 'warning' }, state: 'raised' }],
    }).then(({ id }) => updateLease(records, id, (now) => ({ ...now, state: 'raised' })))
    const { how, told } = await asked(mesh, {}, records)
    expect(how).toBe('answer')
    expect(read).toContain('caller-1')
    expect(told.found.notes.join()).toContain('only the logs of proxies whose levels are raised were read: caller-1')
  })
})
