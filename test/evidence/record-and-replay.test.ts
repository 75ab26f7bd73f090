import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import { follow } from '../../src/diagnosis/follow.ts'
import { parseFollow } from '../../src/diagnosis/follow/question.ts'
import { UnseenError, type Clients } from '../../src/evidence/clients/clients.ts'
import { formatRecording, parseRecording, recordClients, replayClients } from '../../src/evidence/clients/recording.ts'
import { followText } from '../../src/report/follow-text.ts'
import { reportJson } from '../../src/report/json.ts'
import { reportMarkdown } from '../../src/report/markdown.ts'
import { reportText } from '../../src/report/text.ts'
import { defined } from '../../src/mesh/defined.ts'
import { recordedClients } from '../replay.ts'
import { parseAsk, readSituation } from '../situation.ts'

const signal = new AbortController().signal

/** Milliseconds that an answer takes: other ones for every question, always the same for one. */
const delayOf = (words: unknown): number =>
  Buffer.from(JSON.stringify(words)).reduce((sum, byte) => (sum * 31 + byte) % 23, 7)

/** A recorded mesh like a live one: its clock runs, and its answers come in another order than they were asked for. */
function running(from: string, { changedAt, context }: Partial<Clients['istioctl'] & Clients> = {}): Clients {
  const { kubernetes, istioctl, ...mesh } = recordedClients(from)
  const madeAt = mesh.now().getTime()
  const began = Date.now()
  const late =
    <Words extends unknown[], T>(ask: (...words: Words) => Promise<T>) =>
    async (...words: Words): Promise<T> => {
      await new Promise((resolve) => setTimeout(resolve, delayOf(words)))
      return ask(...words)
    }
  return {
    kubernetes: {
      list: late((...words) => kubernetes.list(...words)),
      log: late((...words) => kubernetes.log(...words)),
      allowed: late((...words) => kubernetes.allowed(...words)),
      version: late((...words) => kubernetes.version(...words)),
      served: late(
        async (groups: readonly string[], asking: AbortSignal) => (await kubernetes.served?.(groups, asking)) ?? [],
      ),
    },
    istioctl: { ...istioctl, run: late((...words) => istioctl.run(...words)), ...defined({ changedAt }) },
    ...defined({ context }),
    now: (machineTime = Date.now()) => new Date(madeAt + machineTime - began),
  }
}

/** Through a file's text and back. */
const fileOf = (recording: Parameters<typeof formatRecording>[0]): Clients =>
  replayClients(parseRecording(formatRecording(recording)), { shared: true })

/** Every form in which a report is shown. */
async function shown(ask: string, clients: Clients, stepTimeout?: number): Promise<string[]> {
  const report = await examine(parseAsk(ask), clients, CHECKS, defined({ stepTimeout }))
  return [
    JSON.stringify(reportJson(report), null, 2),
    reportText(CHECKS, report, {}),
    reportText(CHECKS, report, { verbose: true }),
    reportMarkdown(CHECKS, report),
  ]
}

describe('a replay says the same as the diagnosis that was recorded, byte for byte', () => {
  it.each([
    'chapter-10/ill',
    'chapter-10/mended',
    'host-hidden-from-caller/ill',
    'mtls-mode-conflict/ill',
    'route-backend-missing/ill',
    'application-errors/ill',
    'localhost-listener/ill',
    'crashing-application/ill',
    'duplicate-certificate/mended',
  ])('of %s', async (from) => {
    const { ask } = readSituation(from.split('/')[0] ?? '')
    const { clients, recording } = recordClients(running(from))
    const live = await shown(ask, clients)
    expect(await shown(ask, fileOf(recording))).toEqual(live)
  })

  it('of a mesh that changes while it is read, and of a context', async () => {
    const changes: Date[] = []
    const mesh = running('chapter-10/ill', {
      context: 'staging',
      // The first reading finds a proxy that has changed since, the second none.
      changedAt: () => {
        const [first = mesh.now(Date.now() + 60_000)] = changes
        changes.push(first)
        return first
      },
    })
    const { clients, recording } = recordClients(mesh)
    const live = await shown('catalog -n istioinaction', clients)
    expect(live[0]).toContain('--context staging')
    expect(recording.calls.filter(({ call }) => call === 'istioctl proxy-status -o json').length).toBeGreaterThan(1)
    expect(await shown('catalog -n istioinaction', fileOf(recording))).toEqual(live)
  })

  it('of looks that were refused, that failed, and that were not answered in time', async () => {
    const mesh = running('chapter-10/ill')
    const { clients, recording } = recordClients({
      ...mesh,
      kubernetes: {
        ...mesh.kubernetes,
        list: (resource, where, asking) =>
          resource.plural === 'events'
            ? Promise.reject(
                new UnseenError('forbidden', 'no', {
                  permission: { verb: 'list', group: '', resource: 'events', namespace: 'istioinaction' },
                }),
              )
            : mesh.kubernetes.list(resource, where, asking),
      },
      istioctl: {
        ...mesh.istioctl,
        run: (args, asking) =>
          args[0] === 'analyze'
            ? // One answer comes too late, the other never.
              new Promise((resolve) => {
                if (args.includes('istioinaction')) setTimeout(resolve, 1300, '[]')
              })
            : args[1] === 'listeners'
              ? Promise.reject(new SyntaxError('Unexpected end of JSON input'))
              : mesh.istioctl.run(args, asking),
        // Undefined for everything: istioctl is run.
        read: () => undefined,
      },
    })
    const live = await shown('catalog -n istioinaction', clients, 1000)
    expect(live[0]).toContain('no answer within 1 s')
    // A late answer is not taken for one.
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(live[0]).toContain('"resource": "events"')
    expect(live[0]).toContain('Unexpected end of JSON input')
    expect(await shown('catalog -n istioinaction', fileOf(recording))).toEqual(live)
  })

  it('of the way of one request', async () => {
    const question = parseFollow('catalog.istioinaction.io/items', { from: 'ingress' })
    const { clients, recording } = recordClients(running('chapter-10/ill'))
    const live = await follow(question, clients)
    const again = await follow(question, fileOf(recording))
    expect(JSON.stringify(again)).toBe(JSON.stringify(live))
    expect(followText(again)).toBe(followText(live))
  })
})

describe('what a recording leaves out', () => {
  const list = async (object: object): Promise<string> => {
    const kubernetes = {
      ...recordedClients('chapter-10/ill').kubernetes,
      list: () => Promise.resolve([object as never]),
    }
    const { clients, recording } = recordClients({ ...recordedClients('chapter-10/ill'), kubernetes })
    await clients.kubernetes.list({ group: '', version: 'v1', plural: 'things', kind: 'Thing' }, {}, signal)
    return formatRecording(recording)
  }

  it('is what Secrets hold', async () => {
    const text = await list({
      kind: 'Secret',
      metadata: {
        name: 'catalog',
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'aHVudGVyMg==' },
      },
      data: { key: 'aHVudGVyMg==' },
      stringData: { key: 'hunter2' },
    })
    expect(text).toContain('"name":"catalog"')
    expect(text).not.toMatch(/aHVudGVyMg|hunter2/)
  })

  it.each([
    ['Pod', (containers: unknown) => ({ containers, initContainers: containers })],
    ['Deployment', (containers: unknown) => ({ template: { spec: { containers } } })],
  ])('is the environment of applications, in a %s', async (kind, spec) => {
    const text = await list({
      kind,
      metadata: { name: 'catalog' },
      spec: spec([
        {
          name: 'catalog',
          env: [
            { name: 'DB', value: 'hunter2' },
            { name: 'POD', valueFrom: { fieldRef: {} } },
          ],
        },
        { name: 'istio-proxy', env: [{ name: 'ISTIO_META_MESH_ID', value: 'cluster.local' }] },
      ]),
    })
    expect(text).not.toContain('hunter2')
    expect(text).toContain('{"name":"DB","value":"[redacted]"}')
    expect(text).toContain('"valueFrom":{"fieldRef":{}}')
    expect(text).toContain('{"name":"ISTIO_META_MESH_ID","value":"cluster.local"}')
  })

  it('is what applications log, but for where they listen', async () => {
    const { kubernetes, ...rest } = recordedClients('chapter-10/ill')
    const text = 'customer 4711 logged in\nlistening on port 3000\nbye'
    const { clients, recording } = recordClients({
      ...rest,
      kubernetes: { ...kubernetes, log: () => Promise.resolve(text) },
    })
    const pod = { kind: 'Pod', namespace: 'shop', name: 'catalog-1' }
    expect(await clients.kubernetes.log(pod, 'catalog', 10, signal)).toBe(text)
    await clients.kubernetes.log(pod, 'istio-proxy', 10, signal)
    expect(recording.calls.map((call) => call.text)).toEqual(['listening on port 3000', text])
  })
})
