import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import { askPod, NoTunnelError } from '../../src/evidence/clients/port-forward.ts'
import { withProxyDumps } from '../../src/evidence/clients/proxy-dumps.ts'
import { proxyConfig } from '../../src/evidence/collectors/proxy-config.ts'
import { secrets } from '../../src/evidence/collectors/secrets.ts'
import { Gathering, look } from '../../src/evidence/gather.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import type { AnyStep } from '../../src/evidence/step.ts'

const { configDump, clusters } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures', 'proxy-dump.json'), 'utf8'),
) as Record<'configDump' | 'clusters', object>
const POD = { kind: 'Pod', namespace: 'shop', name: 'catalog-1.2' }
const NAME = 'catalog-1.2.shop'

const open: Server[] = []
afterEach(async () => {
  for (const server of open.splice(0))
    await new Promise((resolve) => {
      server.close(resolve).closeAllConnections()
    })
})

const PORT = Buffer.from([0x98, 0x3a])
const frame = (channel: number, text: Buffer | string): Buffer =>
  Buffer.concat([Buffer.from([channel]), Buffer.from(text)])

/** The way in which a kubelet speaks through the API server: each channel begins with the port's number. */
async function kubelet(
  answer: (socket: WebSocket, asked: string) => void,
  atOnce: (socket: WebSocket) => void = () => undefined,
): Promise<{ server: string; asked: string[] }> {
  const asked: string[] = []
  const http = createServer()
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'v4.channel.k8s.io' })
  http.on('upgrade', (request, socket, head) => {
    asked.push(request.url ?? '')
    sockets.handleUpgrade(request, socket, head, (one) => {
      one.send(frame(0, PORT))
      one.send(frame(1, PORT))
      atOnce(one)
      one.on('message', (message: Buffer) => answer(one, message.subarray(1).toString()))
    })
  })
  return { server: await listening(http), asked }
}

async function listening(http: Server): Promise<string> {
  open.push(http)
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve)
  })
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

const through = async (server: string, paths: string[], signal = AbortSignal.timeout(10_000)): Promise<string[]> =>
  (await askPod({ server, options: {} }, POD, 15000, paths, signal)).map(({ text }) => text)

/** An answer of Envoy's admin interface, in pieces as they come. */
function admin(socket: WebSocket, asked: string): void {
  const body = asked.startsWith('GET /config_dump ') ? JSON.stringify(configDump) : JSON.stringify(clusters)
  socket.send(frame(0, 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n'))
  for (let at = 0; at < body.length; at += 30_000) {
    const piece = Buffer.from(body.slice(at, at + 30_000))
    socket.send(frame(0, `${piece.length.toString(16)}\r\n`))
    socket.send(frame(0, piece))
    socket.send(frame(0, '\r\n'))
  }
  socket.send(frame(0, '0\r\n\r\n'))
}

describe('a tunnel', () => {
  it('carries several questions, one after the other', async () => {
    const { server, asked } = await kubelet(admin)
    const [dump = '', states = ''] = await through(server, ['/config_dump', '/clusters?format=json'])
    expect(JSON.parse(dump)).toEqual(configDump)
    expect(JSON.parse(states)).toEqual(clusters)
    expect(asked).toEqual(['/api/v1/namespaces/shop/pods/catalog-1.2/portforward?ports=15000'])
  })

  it('says what the kubelet says of a port that takes no connection', async () => {
    const { server } = await kubelet((socket) => {
      socket.send(frame(1, 'error forwarding port 15000: failed to connect to localhost:15000'))
      socket.close()
    })
    const failed = through(server, ['/config_dump'])
    await expect(failed).rejects.toThrow('failed to connect to localhost:15000')
    await expect(failed).rejects.not.toBeInstanceOf(NoTunnelError)
  })

  it('says it too when the kubelet refuses before anything was asked', async () => {
    const { server } = await kubelet(
      () => undefined,
      (socket) => {
        socket.send(frame(1, 'error forwarding port 15000: failed to connect to localhost:15000'))
        socket.close()
      },
    )
    await expect(through(server, ['/config_dump', '/clusters?format=json'])).rejects.toMatchObject({
      reason: 'unavailable',
      message: expect.stringContaining('failed to connect to localhost:15000') as string,
    })
  })

  it('ends when the pod ends in the middle of an answer', async () => {
    const { server } = await kubelet((socket) => {
      socket.send(frame(0, 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"configs"'))
      socket.close()
    })
    await expect(through(server, ['/config_dump'])).rejects.toMatchObject({ reason: 'unavailable' })
  })

  it('ends when the pod ends between two answers, or before the first', async () => {
    const { server } = await kubelet((socket, asked) => {
      if (asked.startsWith('GET /config_dump ')) admin(socket, asked)
      socket.close()
    })
    await expect(through(server, ['/config_dump', '/clusters'])).rejects.toMatchObject({ reason: 'unavailable' })
    await expect(through(server, ['/clusters'])).rejects.toMatchObject({ reason: 'unavailable' })
  }, 4000)

  it('ends when nobody answers in time', async () => {
    const stop = new AbortController()
    const { server } = await kubelet(() => stop.abort())
    await expect(through(server, ['/config_dump'], stop.signal)).rejects.toMatchObject({ reason: 'timeout' })
  })

  it.each([
    [
      'a right that is missing',
      403,
      'pods "x" is forbidden: User "reader" cannot get resource "pods/portforward" in API group "" in the namespace "shop"',
      { reason: 'forbidden', permission: { verb: 'get', group: '', resource: 'pods/portforward', namespace: 'shop' } },
      true,
    ],
    ['a proxy that lets no WebSocket through', 502, 'Bad Gateway', { reason: 'unavailable' }, true],
    ['a pod that is gone', 404, 'pods "catalog-1.2" not found', { reason: 'unavailable' }, false],
  ] as const)('is refused with %s', async (_, status, message, unseen, isOfTunnel) => {
    const http = createServer()
    http.on('upgrade', (_request, socket) => {
      const body = status === 502 ? message : JSON.stringify({ kind: 'Status', message })
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`)
    })
    const failed = await through(await listening(http), ['/config_dump']).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(UnseenError)
    expect(failed).toMatchObject(unseen)
    expect((failed as Error).message).toContain(message)
    expect(failed instanceof NoTunnelError).toBe(isOfTunnel)
  })
})

/** Envoy's clock is an hour behind that of whoever looks. */
const DATE = 'Sun, 29 Nov 2026 12:00:00 GMT'
const ANSWERS = [configDump, clusters].map((body) => ({ text: JSON.stringify(body), date: DATE }))
/** Clients with nothing but an istioctl of which the proxies are asked in one look. */
function withOneLook(
  askPodFor: Parameters<typeof withProxyDumps>[1],
  run = (): Promise<string> => Promise.reject(new Error('run')),
) {
  return { istioctl: withProxyDumps({ run }, askPodFor) } as unknown as Clients & Pick<Clients, 'istioctl'>
}
const ALL = [
  ...(['listeners', 'routes', 'clusters', 'endpoints'] as const).map((kind) => proxyConfig(kind, POD)),
  secrets(POD),
] as AnyStep[]

describe('the five readings of a proxy', () => {
  it('are one look, and count as one of those under way', async () => {
    let asked = 0
    const clients = { ...withOneLook(() => ((asked += 1), Promise.resolve(ANSWERS))), now: () => new Date(0) }
    const gathering = new Gathering(clients, { concurrency: 1 })
    await gathering.gather(ALL)
    expect(gathering.readings.map(({ kind, ok }) => [kind, ok])).toEqual(ALL.map(({ kind }) => [kind, true]))
    expect(asked).toBe(1)
    expect(clients.istioctl.changedAt?.(POD)).toBeInstanceOf(Date)
  })

  it('tell when the proxy changed, by its own clock and no other', async () => {
    const changed = /"last_updated":"2026-11-30T00:53:35.061Z"/.exec(ANSWERS[0]!.text)
    expect(changed).not.toBeNull()
    // What Envoy's clock says now: 65 seconds after, while the clock of whoever looks may say anything.
    const date = 'Mon, 30 Nov 2026 00:54:40 GMT'
    const answers = ANSWERS.map(({ text }) => ({ text, date }))
    const ask = () => Promise.resolve(answers)
    const at = (ahead: number) => (machine: number) => new Date(machine + ahead)
    for (const ahead of [0, 3_600_000, -3_600_000]) {
      const istioctl = withProxyDumps({ run: () => Promise.reject(new Error('run')) }, ask, at(ahead))
      const before = Date.now()
      await istioctl.read?.(['proxy-config', 'listeners', NAME, '-o', 'json'], AbortSignal.timeout(10_000))
      const ago = (istioctl.changedAt?.(POD)?.getTime() ?? NaN) - ahead
      expect(ago).toBeGreaterThanOrEqual(before - 64_939)
      expect(ago).toBeLessThanOrEqual(Date.now() - 64_939)
    }
  })

  it('are looked at anew when they are asked for again', async () => {
    let asked = 0
    const { istioctl } = withOneLook(() => ((asked += 1), Promise.resolve(ANSWERS)))
    const listeners = ['proxy-config', 'listeners', NAME, '-o', 'json']
    const signal = AbortSignal.timeout(10_000)
    await istioctl.read?.(listeners, signal)
    await istioctl.read?.(listeners, signal)
    expect(asked).toBe(2)
  })

  it('are all not seen when the proxy does not answer, each with the reason', async () => {
    const clients = {
      ...withOneLook(() => Promise.reject(new UnseenError('unavailable', 'catalog-1.2: no connection'))),
      now: () => new Date(0),
    }
    for (const step of ALL)
      expect(await look(step, clients)).toMatchObject({
        ok: false,
        reason: 'unavailable',
        detail: 'catalog-1.2: no connection',
      })
  })

  it('come from istioctl, which knows other ways, when there is no tunnel', async () => {
    const clients = {
      ...withOneLook(
        () => Promise.reject(new NoTunnelError('forbidden', 'no')),
        () => Promise.resolve('[{"name": "x"}]'),
      ),
      now: () => new Date(0),
    }
    expect(await look(ALL[0]!, clients)).toMatchObject({ ok: true, value: [{ name: 'x' }] })
  })

  it('come from one istioctl at a time then', async () => {
    let [running, most] = [0, 0]
    const { istioctl } = withOneLook(
      () => Promise.reject(new NoTunnelError('forbidden', 'no')),
      async () => {
        most = Math.max(most, (running += 1))
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
        return '[]'
      },
    )
    const signal = AbortSignal.timeout(10_000)
    const kinds = ['listeners', 'routes', 'clusters', 'endpoints']
    await Promise.all(
      kinds.map((kind) => istioctl.read?.(['proxy-config', kind, NAME, '-o', 'json'], signal) ?? Promise.resolve()),
    )
    expect(most).toBe(1)
  })

  it('other commands are none of its business', () => {
    const { istioctl } = withOneLook(() => Promise.resolve(ANSWERS))
    const signal = AbortSignal.timeout(10_000)
    expect(istioctl.read?.(['proxy-config', 'log', NAME], signal)).toBeUndefined()
    expect(istioctl.read?.(['proxy-status', '-o', 'json'], signal)).toBeUndefined()
  })
})
