import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** A redis-server of the test's own, on a free port, with its files in a folder of its own. */
export interface TestRedis {
  url: string
  port: number
  /** Starts it again on the same port and files; resolves when it answers. */
  start(): Promise<void>
  /** SIGKILL: what was not in the append-only file is gone. */
  kill(): Promise<void>
  /** It stays connected and says nothing (SIGSTOP). */
  freeze(): void
  thaw(): void
  /** Ends it and removes its files. */
  stop(): Promise<void>
}

/** Without libfaketime, where the tests run under it: it and Redis' memory allocator wait for each other for ever. Redis then lives in the present. */
const env = { ...process.env, LD_PRELOAD: undefined }

const present = spawnSync('redis-server', ['--version'], { env }).status === 0

/** False where there is no redis-server, for `describe.skipIf`; throws instead when MESH_MEDIC_TEST_REDIS=required. */
export function redisIsPresent(): boolean {
  if (!present && process.env.MESH_MEDIC_TEST_REDIS === 'required')
    throw new Error('MESH_MEDIC_TEST_REDIS=required, but redis-server is not on PATH')
  return present
}

/** The title of a suite that needs Redis: says why it is skipped when it is. */
export const onRedis = present ? 'on Redis' : 'on Redis (skipped: redis-server is not on PATH)'

/** Those that would outlive a worker that ends in the middle. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** `appendOnly`: with an append-only file that is flushed at every write. `settings`: more of redis-server's arguments. */
export async function startRedis({
  appendOnly = false,
  settings = [],
}: { appendOnly?: boolean; settings?: string[] } = {}): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-medic-redis-'))
  let port = await freePort()
  const log = appendOnly ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']
  const parameters = (): string[] => [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    ...log,
    ...settings,
  ]
  let child: ChildProcess | undefined

  const start = async (): Promise<void> => {
    child = spawn('redis-server', parameters(), { env, stdio: 'ignore' })
    running.add(child)
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`)
      await pause(20)
    }
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child?.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
    running.delete(child)
  }
  // Anybody may have taken a port that was free a moment ago.
  for (let tries = 1; ; tries += 1) {
    try {
      await start()
      break
    } catch (error) {
      if (tries === 5) throw error
      port = await freePort()
    }
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    start,
    kill: () => end('SIGKILL'),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    stop: async () => {
      await end('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

/** Whether PING gets PONG or a demand for a password, and not LOADING. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.setTimeout(1000, () => socket.destroy())
    socket.once('data', (data) => {
      resolve(/^(\+PONG|-NOAUTH)/.test(data.toString()))
      socket.destroy()
    })
    socket.once('error', () => resolve(false)).once('close', () => resolve(false))
  })
}
