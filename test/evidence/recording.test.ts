import { describe, expect, it } from 'vitest'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import { formatRecording, parseRecording, recordClients, replayClients } from '../../src/evidence/clients/recording.ts'
import { defined } from '../../src/mesh/defined.ts'

const signal = new AbortController().signal
const PODS = { group: '', version: 'v1', plural: 'pods', kind: 'Pod' }
const RULES = { group: 'networking.istio.io', version: 'v1', plural: 'destinationrules', kind: 'DestinationRule' }
const POD = { kind: 'Pod', namespace: 'shop', name: 'catalog-1' }
const LOG_RIGHT = { verb: 'get', group: '', resource: 'pods/log', namespace: 'shop' }

const mesh: Clients = {
  kubernetes: {
    list: ({ plural }, { namespace }) =>
      Promise.resolve(
        plural === 'pods'
          ? [
              {
                kind: 'Pod',
                metadata: {
                  name: 'catalog-1',
                  ...defined({ namespace }),
                  annotations: {
                    'kubectl.kubernetes.io/last-applied-configuration': '{"spec":{}}',
                    kept: 'Bearer abc.DEF-123456',
                  },
                  managedFields: [
                    {
                      manager: 'kubectl',
                      operation: 'Update',
                      time: '2026-11-24T00:00:00Z',
                      fieldsV1: { 'f:spec': {} },
                    } as never,
                  ],
                },
                spec: { containers: [{ name: 'catalog', env: [{ name: 'X', password: 's3cr3t' }] }] },
              },
            ]
          : [],
      ),
    log: (pod) =>
      pod.name === 'catalog-1'
        ? Promise.resolve("2026 'cookie', 'id=s3cr3t'\nlast line")
        : Promise.reject(new UnseenError('forbidden', 'no Bearer abc.DEF-123456', { permission: LOG_RIGHT })),
    allowed: ({ verb }) => Promise.resolve(verb === 'list'),
    version: () => Promise.resolve('v1.34.4'),
  },
  istioctl: {
    run: ([command]) =>
      command === 'analyze'
        ? Promise.resolve('[{"code":"IST0101"}]\n')
        : command === 'proxy-status'
          ? Promise.resolve('{"a":1}\n{"a":2}\n')
          : command === 'version'
            ? Promise.resolve('1.31.0')
            : Promise.reject(new TypeError('a bug')),
  },
  prometheus: { query: () => Promise.resolve([{ metric: { reporter: 'source' }, value: 1.5 }]) },
  now: () => new Date('2026-11-24T00:00:00Z'),
}

/** Asks everything once; what came back, or how it failed. */
async function ask({ kubernetes, istioctl, prometheus }: Clients): Promise<unknown[]> {
  const answers = await Promise.allSettled([
    kubernetes.list(PODS, { namespace: 'shop' }, signal),
    kubernetes.list(PODS, {}, signal),
    kubernetes.list(PODS, { labels: 'app=x', fields: 'metadata.name=x' }, signal),
    kubernetes.list(RULES, {}, signal),
    kubernetes.log(POD, 'istio-proxy', 500, signal),
    kubernetes.log({ ...POD, name: 'other' }, 'istio-proxy', 500, signal),
    kubernetes.allowed({ verb: 'list', group: '', resource: 'pods' }, signal),
    kubernetes.allowed(LOG_RIGHT, signal),
    kubernetes.version(signal),
    istioctl.run(['analyze', '-o', 'json'], signal),
    istioctl.run(['proxy-status', '-o', 'json'], signal),
    istioctl.run(['version'], signal),
    prometheus?.query('up', signal),
  ])
  return answers.map((answer) => {
    if (answer.status === 'fulfilled') return answer.value
    const { code, reason, permission, message } = answer.reason as UnseenError
    return { code, reason, permission, message }
  })
}

async function recorded(): Promise<{ text: string; asked: unknown[] }> {
  const { clients, recording } = recordClients(mesh)
  const asked = await ask(clients)
  return { text: formatRecording(recording), asked }
}

describe('a recording', () => {
  it('hands on what the mesh said while it records', async () => {
    expect((await recorded()).asked).toEqual(await ask(mesh))
  })

  it('replays the same, but for what is secret or nobody reads', async () => {
    const { text } = await recorded()
    const replayed = await ask(replayClients(parseRecording(text)))
    const kept = {
      name: 'catalog-1',
      annotations: { kept: '[redacted]' },
      managedFields: [{ manager: 'kubectl', operation: 'Update', time: '2026-11-24T00:00:00Z' }],
    }
    expect(replayed[0]).toEqual([
      {
        kind: 'Pod',
        metadata: { ...kept, namespace: 'shop' },
        spec: { containers: [{ name: 'catalog', env: [{ name: 'X', password: '[redacted]' }] }] },
      },
    ])
    expect(replayed[1]).toMatchObject([{ metadata: kept }])
    expect(replayed.slice(3)).toEqual([
      [],
      "2026 'cookie', '[redacted]'\nlast line",
      { code: 'unseen', reason: 'forbidden', message: 'no Bearer [redacted]', permission: LOG_RIGHT },
      true,
      false,
      'v1.34.4',
      '[{"code":"IST0101"}]',
      '{"a":1}\n{"a":2}\n',
      '1.31.0',
      [{ metric: { reporter: 'source' }, value: 1.5 }],
    ])
  })

  it('holds no secret', async () => {
    const { text } = await recorded()
    expect(text).not.toMatch(/s3cr3t|abc\.DEF/)
  })

  it('comes out of its file as it went in, a call a line, sorted', async () => {
    const { text } = await recorded()
    expect(formatRecording(parseRecording(text))).toBe(text)
    const calls = parseRecording(text).calls.map(({ call }) => call)
    expect(calls).toEqual(calls.toSorted((a, b) => a.localeCompare(b, 'en')))
    expect(text.trim().split('\n')).toHaveLength(calls.length + 2)
  })

  it('lives at the moment it was made', async () => {
    expect(
      replayClients(parseRecording((await recorded()).text))
        .now()
        .toISOString(),
    ).toBe('2026-11-24T00:00:00.000Z')
  })

  it('answers with objects of its own each time', async () => {
    const { kubernetes } = replayClients(parseRecording((await recorded()).text))
    const [pod] = await kubernetes.list(PODS, { namespace: 'shop' }, signal)
    pod!.metadata.name = 'changed'
    expect((await kubernetes.list(PODS, { namespace: 'shop' }, signal))[0]?.metadata.name).toBe('catalog-1')
  })

  it('cannot say what was never asked', async () => {
    const { kubernetes, istioctl, prometheus } = replayClients({ madeAt: '2026-11-24T00:00:00Z', calls: [] })
    await expect(istioctl.run(['proxy-status'], signal)).rejects.toMatchObject({
      code: 'unseen',
      reason: 'unavailable',
      message: 'the recording does not hold: istioctl proxy-status',
    })
    await expect(kubernetes.list(PODS, {}, signal)).rejects.toMatchObject({ reason: 'unavailable' })
    expect(prometheus).toBeUndefined()
  })

  it('keeps no failure of our own making', async () => {
    const { clients, recording } = recordClients(mesh)
    await expect(clients.istioctl.run(['describe'], signal)).rejects.toThrow('a bug')
    expect(recording.calls).toEqual([])
  })

  it('stops answering when it is told to', async () => {
    const { istioctl } = replayClients(parseRecording((await recorded()).text), { delay: 5 })
    await expect(istioctl.run(['version'], AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop')
  })

  it.each(['', '{', '[]', '{"calls":[]}', '{"madeAt":"x","calls":[{"call":1}]}', '{"madeAt":"x","calls":[],"more":1}'])(
    'is not %j',
    (text) => {
      expect(() => parseRecording(text)).toThrow()
    },
  )
})
