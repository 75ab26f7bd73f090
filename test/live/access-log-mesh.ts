import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { execa } from 'execa'
import { readFileSync } from 'node:fs'
import { SCENARIOS } from '../situation.ts'
import { filled, kubectl, resetNamespace, sendRequests, until } from './mesh.ts'

const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')

/** A namespace with `catalog` and `catalog-v2` behind the ingress gateway, under a host of its own. */
export interface AccessLogNamespace {
  namespace: string
  /** Telemetry objects by name, with their specs and UIDs. */
  telemetries(): Promise<Record<string, unknown>>
  /** Lines of the proxy of the first pod of a version that tell of a request to this path. */
  logged(version: string, path: string): Promise<string[]>
  /** Sends requests until a proxy of this version has logged one. */
  untilLogged(version: string, path: string): Promise<void>
  /** Waits until no proxy logs requests; the names of the providers there are. */
  untilOff(folder: string): Promise<string[]>
  /** `mesh-medic access-log`, to its end. */
  run(folder: string, ...args: string[]): Promise<{ stdout: string; stderr: string; exitCode?: number }>
  /** The same, under way. */
  start(folder: string, ...args: string[]): { child: ChildProcess; ended: Promise<number | null>; said: () => string }
}

export async function openAccessLogNamespace(namespace: string): Promise<AccessLogNamespace> {
  await resetNamespace(namespace)
  const host = `${namespace}.access-log.example`
  for (const name of ['service', 'catalog', 'gateway', 'virtual-service'])
    await kubectl(
      ['-n', namespace, 'apply', '-f', '-'],
      filled(
        readFileSync(join(SCENARIOS, 'manifests', `${name}.yaml`), 'utf8')
          .replaceAll('catalog.istioinaction.io', host)
          .replaceAll('istioinaction', namespace),
      ),
    )
  const isReady = (): Promise<boolean> =>
    kubectl(['-n', namespace, 'wait', 'pod', '-l', 'app=catalog', '--for=condition=Ready', '--timeout=2s']).then(
      () => true,
      () => false,
    )
  await until('pods of catalog', 120, isReady)
  const send = (path: string): Promise<unknown> => sendRequests({ host, path, requests: 6 })
  const environment = (folder: string): NodeJS.ProcessEnv => ({
    ...process.env,
    MESH_MEDIC_DATA: folder,
    REDIS_URL: undefined,
  })

  async function logged(version: string, path: string): Promise<string[]> {
    const pods = (
      await kubectl(['-n', namespace, 'get', 'pods', '-l', `app=catalog,version=${version}`, '-o', 'name'])
    ).split('\n')
    const texts = await Promise.all(
      pods.map((pod) => kubectl(['-n', namespace, 'logs', pod, '-c', 'istio-proxy', '--tail=-1'])),
    )
    return texts.flatMap((text) => text.split('\n').filter((line) => line.includes(path)))
  }

  const run: AccessLogNamespace['run'] = (folder, ...args) =>
    execa(process.execPath, [CLI, 'access-log', ...args, '-n', namespace], {
      reject: false,
      env: environment(folder) as Record<string, string>,
      extendEnv: false,
      stdin: 'ignore',
    })

  return {
    namespace,
    logged,
    run,
    async untilOff(folder) {
      let known: string[] = []
      await until('proxies without access logs', 90, async () => {
        const { stdout } = await run(folder, 'catalog', '-o', 'json')
        const { workloads, providers } = JSON.parse(stdout) as { workloads: { isOn?: boolean }[]; providers: string[] }
        known = providers
        return workloads.length === 2 && workloads.every(({ isOn }) => isOn === false)
      })
      return known
    },
    async telemetries() {
      const { items } = JSON.parse(await kubectl(['-n', namespace, 'get', 'telemetries', '-o', 'json'])) as {
        items: { metadata: { name: string; uid: string; annotations?: object }; spec: unknown }[]
      }
      return Object.fromEntries(
        items.map(({ metadata: { name, uid, annotations }, spec }) => [name, { uid, annotations, spec }]),
      )
    },
    untilLogged: (version, path) =>
      until(`a line of a request to ${path}`, 60, async () => {
        await send(path)
        await pause(1500)
        return (await logged(version, path)).length > 0
      }),
    start(folder, ...args) {
      const child = spawn(process.execPath, [CLI, 'access-log', ...args, '-n', namespace], {
        env: environment(folder),
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let text = ''
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          text += chunk.toString()
        })
      return { child, ended: once(child, 'exit').then(([code]) => code as number | null), said: () => text }
    },
  }
}
