import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Kubernetes } from '../../src/evidence/clients/clients.ts'
import { ByteBudget } from '../../src/evidence/clients/byte-budget.ts'
import { ClusterConfigurationError, kubernetesApi, loadKubeConfig } from '../../src/evidence/clients/kubernetes.ts'

const signal = new AbortController().signal
const PODS = { group: '', version: 'v1', plural: 'pods', kind: 'Pod' }
const ROUTES = { group: 'networking.istio.io', version: 'v1', plural: 'virtualservices', kind: 'VirtualService' }
const POD = { kind: 'Pod', namespace: 'shop', name: 'catalog-1' }
const DENIED = 'pods is forbidden: User "reader" cannot list resource "pods" in API group "" in the namespace "shop"'

interface Asked {
  method: string
  url: URL
  authorization: string
  body: string
}

describe('the Kubernetes client', () => {
  let folder: string
  let kubeconfig: string
  let kubernetes: Kubernetes
  const asked: Asked[] = []
  let answer: (request: Asked, response: ServerResponse) => void
  const say = (status: number, body: unknown): void => {
    answer = (_, response) => {
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
    }
  }
  const status = (code: number, message: string): unknown => ({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message,
    code,
  })

  const server = createServer((request: IncomingMessage, response) => {
    let body = ''
    request
      .on('data', (chunk: Buffer) => {
        body += chunk.toString()
      })
      .on('end', () => {
        const one = {
          method: request.method ?? '',
          url: new URL(request.url ?? '', 'http://server'),
          authorization: request.headers.authorization ?? '',
          body,
        }
        asked.push(one)
        answer(one, response)
      })
  })

  /** A kubeconfig for one server. */
  async function configFor(url: string, name: string): Promise<string> {
    const path = join(folder, name)
    await writeFile(
      path,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'lab',
        clusters: [{ name: 'lab', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
        users: [{ name: 'reader', user: { token: 'the-token' } }],
        contexts: [
          { name: 'lab', context: { cluster: 'lab', user: 'reader' } },
          { name: 'other', context: { cluster: 'lab', user: 'reader' } },
        ],
      }),
    )
    return path
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mesh-medic-kubernetes-'))
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    kubeconfig = await configFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'kubeconfig')
    kubernetes = kubernetesApi({ kubeconfig })
  })
  beforeEach(() => {
    asked.length = 0
  })
  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => {
      server.close(resolve)
    })
    await rm(folder, { recursive: true, force: true })
  })

  it('reads a list page by page, with its own credentials, and gives each object its kind', async () => {
    answer = ({ url }, response) => {
      const page = Number(url.searchParams.get('continue') ?? '0')
      response.end(
        JSON.stringify({
          kind: 'PodList',
          metadata: page < 2 ? { continue: String(page + 1) } : {},
          items: [{ metadata: { name: `pod-${page}` } }],
        }),
      )
    }
    expect(
      await kubernetes.list(
        PODS,
        { namespace: 'shop', labels: 'app=catalog,version in (v1)', fields: 'metadata.name=x' },
        signal,
      ),
    ).toEqual([0, 1, 2].map((page) => ({ kind: 'Pod', metadata: { name: `pod-${page}` } })))
    expect(asked.map(({ url }) => url.searchParams.get('continue'))).toEqual([null, '1', '2'])
    for (const { method, url, authorization } of asked) {
      expect({ method, path: url.pathname, authorization }).toEqual({
        method: 'GET',
        path: '/api/v1/namespaces/shop/pods',
        authorization: 'Bearer the-token',
      })
      expect([
        url.searchParams.get('labelSelector'),
        url.searchParams.get('fieldSelector'),
        url.searchParams.get('limit'),
      ]).toEqual(['app=catalog,version in (v1)', 'metadata.name=x', '500'])
    }
  })

  it('reads a group of its own, everywhere', async () => {
    say(200, { items: [] })
    expect(await kubernetes.list(ROUTES, {}, signal)).toEqual([])
    expect(asked[0]?.url.pathname).toBe('/apis/networking.istio.io/v1/virtualservices')
  })

  it('takes a list without items for an empty one', async () => {
    for (const body of [{ items: null }, {}]) {
      say(200, body)
      expect(await kubernetes.list(PODS, {}, signal)).toEqual([])
    }
  })

  it.each([
    ['says the same page is next for ever', () => 'again', 1],
    ['has always one more page', (page: number) => String(page + 1), 5000],
  ])('sees nothing of a list that %s', async (_, next, objects) => {
    let page = 0
    answer = (_asked, response) => {
      page += 1
      response.end(
        JSON.stringify({ metadata: { continue: next(page) }, items: Array(objects).fill({ metadata: { name: 'a' } }) }),
      )
    }
    await expect(kubernetes.list(PODS, {}, signal)).rejects.toMatchObject({
      reason: 'unavailable',
      message: expect.stringContaining('cut off after') as string,
    })
  })

  it('stops reading an answer that never ends, and says that it was cut off', async () => {
    let sent = 0
    const over = new Promise<void>((resolve) => {
      answer = (_, response) => {
        const piece = Buffer.alloc(64 * 1024, ' ')
        const more = (): void => {
          while (!response.destroyed) {
            sent += piece.length
            if (!response.write(piece)) break
          }
        }
        response.writeHead(200).on('drain', more).on('close', resolve)
        more()
      }
    })
    const budget = new ByteBudget(1024 * 1024)
    const thin = kubernetesApi({ kubeconfig, budget })
    await expect(thin.list(PODS, {}, signal)).rejects.toMatchObject({
      reason: 'unavailable',
      message: 'the list of pods is longer than mesh-medic reads: cut off',
    })
    await over
    // What was under way on the connection.
    expect(sent).toBeLessThan(16 * 1024 * 1024)
    expect(budget.used).toBe(0)
  })

  it('reads no more of an error than its beginning', async () => {
    say(500, 'x'.repeat(4 * 1024 * 1024))
    const budget = new ByteBudget(1024 * 1024)
    await expect(kubernetesApi({ kubeconfig, budget }).list(PODS, {}, signal)).rejects.toMatchObject({
      reason: 'unavailable',
      message: expect.stringMatching(/^the API server answered 500: x+$/) as string,
    })
  })

  it('reads no list of more objects than it should have, though it is one page', async () => {
    say(200, `{"items":[${'{},'.repeat(100_000)}{}]}`)
    await expect(kubernetes.list(PODS, {}, signal)).rejects.toMatchObject({
      reason: 'unavailable',
      message: 'the API server has more pods than mesh-medic reads: cut off after 100000',
    })
  })

  describe('on a connection that was kept', () => {
    /** As many as a client keeps: then there is none left but these. */
    const KEPT = 6
    const known = new WeakSet<Socket>()
    const ending = (response: ServerResponse): void => {
      response.destroy()
    }
    const methods = (): string[] => asked.map(({ method }) => method)

    /** A client all of whose connections have been used; what becomes of the next request on one of them, `onKept` does. */
    async function kept(onKept: (response: ServerResponse) => void): Promise<Kubernetes> {
      const one = kubernetesApi({ kubeconfig })
      const held: ServerResponse[] = []
      const empty = (response: ServerResponse): void => {
        known.add(response.socket!)
        response.end('{"items":[]}')
      }
      answer = (_, response) => {
        held.push(response)
        if (held.length === KEPT) held.forEach(empty)
      }
      await Promise.all(Array.from({ length: KEPT }, () => one.list(PODS, {}, signal)))
      answer = (_, response) => (known.has(response.socket!) ? onKept : empty)(response)
      asked.length = 0
      return one
    }

    it('asks once more, on a new one, when the server ends it before it answers', async () => {
      const one = await kept(ending)
      expect(await one.list(PODS, {}, signal)).toEqual([])
      expect(methods()).toEqual(['GET', 'GET'])
    })

    it('asks no third time', async () => {
      const one = await kept(ending)
      answer = (_, response) => ending(response)
      await expect(one.list(PODS, {}, signal)).rejects.toMatchObject({ reason: 'unavailable' })
      expect(methods()).toEqual(['GET', 'GET'])
    })

    it('asks no second time when the answer had begun', async () => {
      const one = await kept((response) => {
        response.writeHead(200).write('{"items"', () => ending(response))
      })
      await expect(one.list(PODS, {}, signal)).rejects.toMatchObject({ reason: 'unavailable' })
      expect(methods()).toEqual(['GET'])
    })

    it('sends nothing but a question a second time', async () => {
      const one = await kept(ending)
      const may = one.allowed({ verb: 'list', group: '', resource: 'pods' }, signal)
      await expect(may).rejects.toMatchObject({ reason: 'unavailable' })
      expect(methods()).toEqual(['POST'])
    })

    it('asks no second time when nobody waits any more', async () => {
      const over = new AbortController()
      const one = await kept((response) => {
        over.abort()
        ending(response)
      })
      await expect(one.list(PODS, {}, over.signal)).rejects.toMatchObject({ reason: 'timeout' })
      expect(methods()).toEqual(['GET'])
    })
  })

  it('keeps a namespace that is none out of the path', async () => {
    say(200, { items: [] })
    await kubernetes.list(PODS, { namespace: '../../secrets?' }, signal)
    expect(asked[0]?.url.pathname).toBe('/api/v1/namespaces/..%2F..%2Fsecrets%3F/pods')
  })

  it('takes a page that fails for the whole list: never half of it', async () => {
    answer = ({ url }, response) => {
      response
        .writeHead(url.searchParams.has('continue') ? 410 : 200)
        .end(
          JSON.stringify(
            url.searchParams.has('continue')
              ? status(410, 'The provided continue parameter is too old')
              : { items: [{ metadata: { name: 'a' } }], metadata: { continue: 'x' } },
          ),
        )
    }
    await expect(kubernetes.list(PODS, {}, signal)).rejects.toMatchObject({
      reason: 'unavailable',
      message: 'the API server answered 410: The provided continue parameter is too old',
    })
  })

  it.each([
    [
      401,
      status(401, 'Unauthorized'),
      { reason: 'forbidden', message: 'the API server refused the credentials: Unauthorized' },
    ],
    [
      403,
      status(403, DENIED),
      {
        reason: 'forbidden',
        message: DENIED,
        permission: { verb: 'list', group: '', resource: 'pods', namespace: 'shop' },
      },
    ],
    [
      403,
      'a proxy says no',
      {
        reason: 'forbidden',
        message: 'a proxy says no',
        permission: { verb: 'list', group: '', resource: 'pods', namespace: 'shop' },
      },
    ],
    [404, status(404, 'the server could not find the requested resource'), { reason: 'unavailable' }],
    [429, status(429, 'too many requests'), { reason: 'unavailable' }],
    [
      500,
      'Internal Server Error',
      { reason: 'unavailable', message: 'the API server answered 500: Internal Server Error' },
    ],
    [503, '', { reason: 'unavailable', message: 'the API server answered 503: ' }],
    [500, 'x'.repeat(100_000), { reason: 'unavailable' }],
    [
      200,
      '<html>sign in</html>',
      { reason: 'unparsable', message: 'the API server answered something that is not JSON' },
    ],
    [200, '', { reason: 'unparsable' }],
    [200, 'null', { reason: 'unparsable' }],
    [200, '{"items":"none"}', { reason: 'unparsable' }],
    [200, '[]', { reason: 'unparsable' }],
    [200, '"text"', { reason: 'unparsable' }],
  ])('says why it saw nothing: %i %j', async (code, body, expected) => {
    say(code, body)
    const error: unknown = await kubernetes.list(PODS, { namespace: 'shop' }, signal).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'unseen', ...expected })
    expect((error as Error).message.length).toBeLessThan(700)
  })

  it('takes a kind the cluster does not serve for an empty list, but only of an extension', async () => {
    say(404, status(404, 'the server could not find the requested resource'))
    expect(await kubernetes.list(ROUTES, {}, signal)).toEqual([])
    await expect(kubernetes.list({ ...PODS, group: 'apps' }, {}, signal)).rejects.toMatchObject({
      reason: 'unavailable',
    })
  })

  it('reads a kind in the version that the API server prefers of those it serves, and discovers a group once', async () => {
    const group = 'gateway.networking.k8s.io'
    const kind = (plural: string) => ({ group, version: 'v1', plural, kind: plural, anyVersion: true })
    const served: Record<string, string[]> = {
      v1: ['httproutes', 'httproutes/status'],
      v1beta1: ['httproutes', 'referencegrants'],
    }
    answer = ({ url: { pathname } }, response) => {
      const [, , , version = '', plural] = pathname.split('/')
      if (version === '')
        response.end(JSON.stringify({ versions: Object.keys(served).map((one) => ({ version: one })) }))
      else if (plural === undefined)
        response.end(JSON.stringify({ resources: served[version]?.map((name) => ({ name })) }))
      else response.end(JSON.stringify({ items: [{ metadata: { name: version } }] }))
    }
    const fresh = kubernetesApi({ kubeconfig })
    const lists = await Promise.all(
      ['httproutes', 'referencegrants', 'tcproutes'].map((plural) => fresh.list(kind(plural), {}, signal)),
    )
    expect(lists.map((list) => list.map(({ metadata }) => metadata.name))).toEqual([['v1'], ['v1beta1'], []])
    expect(asked.map(({ url }) => url.pathname).sort()).toEqual([
      `/apis/${group}`,
      `/apis/${group}/v1`,
      `/apis/${group}/v1/httproutes`,
      `/apis/${group}/v1beta1`,
      `/apis/${group}/v1beta1/referencegrants`,
    ])
  })

  it('asks an API server that does not tell all kinds at once for those of each group', async () => {
    const group = 'argoproj.io'
    const answers: Record<string, unknown> = {
      '/apis': {
        kind: 'APIGroupList',
        groups: [
          { name: group, versions: [{ version: 'v1alpha1' }], preferredVersion: { version: 'v1alpha1' } },
          { name: 'apps', preferredVersion: { version: 'v1' } },
        ],
      },
      '/apis/argoproj.io/v1alpha1': {
        kind: 'APIResourceList',
        resources: [
          { name: 'rollouts', kind: 'Rollout', verbs: ['get', 'list'] },
          { name: 'rollouts/status', kind: 'Rollout', verbs: ['get'] },
        ],
      },
    }
    answer = ({ url: { pathname } }, response) => response.end(JSON.stringify(answers[pathname]))
    const api = kubernetesApi({ kubeconfig })
    expect(await api.served([group, 'flagger.app'], signal)).toEqual([
      { group, version: 'v1alpha1', plural: 'rollouts', kind: 'Rollout' },
    ])
    expect(asked.map(({ url }) => url.pathname)).toEqual(Object.keys(answers))
    delete answers['/apis/argoproj.io/v1alpha1']
    answer = ({ url: { pathname } }, response) =>
      response.writeHead(answers[pathname] === undefined ? 503 : 200).end(JSON.stringify(answers[pathname] ?? {}))
    await expect(api.served([group], signal)).rejects.toMatchObject({ reason: 'unavailable' })
  })

  it('takes a group that is not served for no objects, and reads by the known version where discovery is refused', async () => {
    const kind = {
      group: 'gateway.networking.k8s.io',
      version: 'v1',
      plural: 'httproutes',
      kind: 'HTTPRoute',
      anyVersion: true,
    }
    say(404, status(404, 'not found'))
    expect(await kubernetesApi({ kubeconfig }).list(kind, {}, signal)).toEqual([])
    expect(asked).toHaveLength(1)
    answer = ({ url }, response) => {
      const isList = url.pathname.endsWith('/httproutes')
      response
        .writeHead(isList ? 200 : 403)
        .end(JSON.stringify(isList ? { items: [{ metadata: { name: 'a' } }] } : status(403, 'no')))
    }
    expect(await kubernetesApi({ kubeconfig }).list(kind, {}, signal)).toEqual([
      { kind: 'HTTPRoute', metadata: { name: 'a' } },
    ])
  })

  it('reads a log', async () => {
    say(200, 'one\ntwo')
    expect(await kubernetes.log(POD, 'istio-proxy', 500, signal)).toBe('one\ntwo')
    expect(`${asked[0]?.url.pathname}${asked[0]?.url.search}`).toBe(
      '/api/v1/namespaces/shop/pods/catalog-1/log?container=istio-proxy&tailLines=500&limitBytes=16777216',
    )
    say(403, 'no')
    await expect(kubernetes.log(POD, 'istio-proxy', 500, signal)).rejects.toMatchObject({
      reason: 'forbidden',
      permission: { verb: 'get', resource: 'pods/log', namespace: 'shop' },
    })
  })

  it.each([
    ['began earlier', '2026-11-30T11:00:00.123456789Z [2026-11-30T11:00:00.1', true],
    ['begins later: it was rotated', '2026-11-30T12:10:00.123456789Z [2026-11-30T12:10:00.1', undefined],
    ['says nothing of it', 'no time', undefined],
  ])('a log whose first line since a moment is late: one that %s', async (_name, first, reachesBack) => {
    const lines = '[2026-11-30T12:10:00.100Z] "GET /a"\n[2026-11-30T12:11:00.100Z] "GET /b"\n'
    answer = ({ url }, response) => response.end(url.searchParams.has('limitBytes') ? first : lines)
    const found = await kubernetes.search?.(POD, 'istio-proxy', { sinceTime: '2026-11-30T12:00:00Z' }, signal)
    expect(found).toMatchObject({ lines: 2, begins: '2026-11-30T12:10:00.100Z' })
    expect(found?.reachesBack).toBe(reachesBack)
    expect(asked.map(({ url }) => url.searchParams.get('limitBytes'))).toEqual([null, '64'])
  })

  it('a log whose first line is of the moment: nothing more is asked', async () => {
    say(200, '[2026-11-30T12:00:01.100Z] "GET /a"\n')
    await kubernetes.search?.(POD, 'istio-proxy', { sinceTime: '2026-11-30T12:00:00Z' }, signal)
    expect(asked).toHaveLength(1)
  })

  it('asks what it may do', async () => {
    say(201, { status: { allowed: true } })
    expect(
      await kubernetes.allowed({ verb: 'create', group: '', resource: 'pods/portforward', namespace: 'shop' }, signal),
    ).toBe(true)
    expect(JSON.parse(asked[0]?.body ?? '')).toMatchObject({
      kind: 'SelfSubjectAccessReview',
      spec: {
        resourceAttributes: {
          verb: 'create',
          group: '',
          resource: 'pods',
          subresource: 'portforward',
          namespace: 'shop',
        },
      },
    })
    say(201, { status: { allowed: false, denied: true } })
    expect(await kubernetes.allowed({ verb: 'list', group: '', resource: 'pods' }, signal)).toBe(false)
    say(201, {})
    expect(await kubernetes.allowed({ verb: 'list', group: '', resource: 'pods' }, signal)).toBe(false)
  })

  it('says the version', async () => {
    say(200, { gitVersion: 'v1.34.4' })
    expect(await kubernetes.version(signal)).toBe('v1.34.4')
  })

  it('is unavailable when nobody listens there', async () => {
    const gone = createServer()
    await new Promise<void>((resolve) => {
      gone.listen(0, '127.0.0.1', resolve)
    })
    const { port } = gone.address() as AddressInfo
    await new Promise((resolve) => {
      gone.close(resolve)
    })
    const alone = kubernetesApi({ kubeconfig: await configFor(`http://127.0.0.1:${port}`, 'alone') })
    await expect(alone.version(signal)).rejects.toMatchObject({
      code: 'unseen',
      reason: 'unavailable',
      message: expect.stringMatching(
        /^the API server at http:\/\/127\.0\.0\.1:\d+ could not be reached \(.*ECONNREFUSED/,
      ) as unknown,
    })
  })

  it('is unavailable when the connection breaks off', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('{"items":[')
      response.socket?.destroy()
    }
    await expect(kubernetes.list(PODS, {}, signal)).rejects.toMatchObject({ code: 'unseen', reason: 'unavailable' })
  })

  it('is out of time when it is told to stop, before and while the answer comes', async () => {
    answer = () => {}
    await expect(kubernetes.list(PODS, {}, AbortSignal.timeout(30))).rejects.toMatchObject({
      code: 'unseen',
      reason: 'timeout',
    })
    answer = (_, response) => {
      response.writeHead(200)
      response.write('{"items":[')
    }
    await expect(kubernetes.list(PODS, {}, AbortSignal.timeout(100))).rejects.toMatchObject({
      code: 'unseen',
      reason: 'timeout',
    })
    await sleep(1)
  })

  it.skipIf(process.platform === 'win32').each([
    ['its own variables', [{ name: 'PLUGIN_MODE', value: 'quiet' }]],
    ['none', undefined],
  ])('keeps secrets of this process from a credential plugin that is given %s', async (_, env) => {
    const seen = join(folder, 'plugin-environment')
    const plugin = join(folder, 'plugin')
    const credential = JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', status: { token: 'by-plugin' } })
    await writeFile(plugin, `#!/bin/sh\nenv > ${seen}\necho '${credential}'\n`, { mode: 0o700 })
    const path = await configFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'with-plugin')
    const config = JSON.parse(await readFile(path, 'utf8')) as { users: unknown[] }
    config.users = [
      { name: 'reader', user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, env } } },
    ]
    await writeFile(path, JSON.stringify(config))
    vi.stubEnv('SLACK_BOT_TOKEN', 'not-a-token')
    vi.stubEnv('REDIS_URL', 'redis://nobody')
    vi.stubEnv('AWS_PROFILE', 'shop')
    try {
      say(200, { gitVersion: 'v1.34.4' })
      await kubernetesApi({ kubeconfig: path, environment: process.env }).version(signal)
    } finally {
      vi.unstubAllEnvs()
    }
    expect(asked[0]?.authorization).toBe('Bearer by-plugin')
    const names = (await readFile(seen, 'utf8')).split('\n').map((line) => line.split('=')[0])
    expect(names).toEqual(
      expect.arrayContaining(['PATH', 'AWS_PROFILE', ...(env === undefined ? [] : ['PLUGIN_MODE'])]),
    )
    expect(names.filter((name) => /^(?:SLACK|REDIS)_/.test(name ?? ''))).toEqual([])
  })

  it('needs a kubeconfig that names a cluster', async () => {
    expect(() => loadKubeConfig({ kubeconfig: join(folder, 'nowhere') })).toThrow(ClusterConfigurationError)
    expect(() => loadKubeConfig({ kubeconfig, context: 'prod' })).toThrow('has no context "prod"; it has: lab, other.')
    expect(loadKubeConfig({ kubeconfig, context: 'other' }).getCurrentContext()).toBe('other')
    const empty = join(folder, 'empty')
    await writeFile(empty, '{}')
    expect(() => loadKubeConfig({ kubeconfig: empty })).toThrow(ClusterConfigurationError)
  })
})
