import { UnseenError, type Clients } from '../../src/evidence/clients/clients.ts'
import type { LogLevels } from '../../src/evidence/collectors/log-levels.ts'
import type { LeaseDeps } from '../../src/leases/lease-deps.ts'
import type { KubernetesObject, Pod } from '../../src/mesh/objects.ts'
import { defined } from '../../src/mesh/defined.ts'

/** What a proxy of the lab has, cut short. */
export const USUAL: LogLevels = {
  connection: 'warning',
  http: 'warning',
  http2: 'warning',
  misc: 'error',
  pool: 'warning',
  rbac: 'warning',
  router: 'warning',
  upstream: 'warning',
}

/** One pod and its proxy, as far as leases see it. */
export interface FakeProxy {
  uid: string
  startedAt: string
  levels: LogLevels
  /** What istioctl says instead of answering. */
  silent?: string
  phase?: string
  log?: string
  /** Arguments of its container. */
  args?: string[]
  deletionTimestamp?: string
}

/** The writer where no pod is a ztunnel. */
export const NO_ZTUNNELS: Pick<LeaseDeps['writer'], 'setZtunnelLevels'> = {
  setZtunnelLevels: () => Promise.reject(new TypeError('none of these is a ztunnel')),
}

/** A few proxies that keep their levels; istioctl and the API server of them. */
export class FakeProxies {
  readonly proxies = new Map<string, FakeProxy>()
  /** Every `--level` that was carried out: `a http:debug`. */
  readonly sets: string[] = []
  /** Called before each logger is set; throws to break off half-way. */
  beforeSet?: (pod: string, logger: string) => void | Promise<void>
  /** UID of the namespace kube-system. */
  cluster = 'uid-kube-system'
  private made = 0

  constructor(...names: string[]) {
    for (const name of names) this.add(name)
  }

  add(name: string, facts: Partial<FakeProxy> = {}): FakeProxy {
    this.made += 1
    const proxy: FakeProxy = {
      uid: `uid-${name}-${this.made}-${Math.random().toString(36).slice(2)}`,
      startedAt: '2026-11-24T00:00:00Z',
      levels: { ...USUAL },
      ...facts,
    }
    this.proxies.set(name, proxy)
    return proxy
  }

  /** The proxy of a pod that is there. */
  at(name: string): FakeProxy {
    const proxy = this.proxies.get(name)
    if (proxy === undefined) throw new Error(`no pod ${name}`)
    return proxy
  }

  /** A new process in the same pod: it has forgotten what it was told. */
  restart(name: string): void {
    Object.assign(this.at(name), { startedAt: '2026-11-24T00:05:00Z', levels: { ...USUAL } })
  }

  pod(name: string): Pod {
    const { uid, startedAt, phase = 'Running', args = [], deletionTimestamp } = this.at(name)
    const proxy = { name: 'istio-proxy', args }
    return {
      kind: 'Pod',
      metadata: { name, namespace: 'shop', uid, labels: { app: 'catalog' }, ...defined({ deletionTimestamp }) },
      spec: { containers: [{ name: 'catalog' }, proxy] },
      status: { phase, containerStatuses: [{ name: 'istio-proxy', state: { running: { startedAt } } }] },
    }
  }

  private objects(plural: string): KubernetesObject[] {
    switch (plural) {
      case 'pods':
        return this.pods
      case 'services':
        return [
          { kind: 'Service', metadata: { name: 'catalog', namespace: 'shop' }, spec: { selector: { app: 'catalog' } } },
        ]
      case 'namespaces':
        return [
          { kind: 'Namespace', metadata: { name: 'kube-system', uid: this.cluster } },
          { kind: 'Namespace', metadata: { name: 'shop', uid: 'uid-shop' } },
        ]
      default:
        return []
    }
  }

  get pods(): Pod[] {
    return [...this.proxies.keys()].map((name) => this.pod(name))
  }

  readonly clients: Pick<Clients, 'kubernetes' | 'istioctl' | 'now'> = {
    now: () => new Date(),
    kubernetes: {
      list: ({ plural }, { fields }) =>
        Promise.resolve(
          this.objects(plural).filter(
            ({ metadata }) => fields === undefined || fields === `metadata.name=${metadata.name}`,
          ),
        ),
      log: ({ name }) => {
        const { log = '', silent } = this.at(name)
        return silent === undefined ? Promise.resolve(log) : Promise.reject(new UnseenError('unavailable', silent))
      },
      allowed: () => Promise.resolve(true),
      version: () => Promise.resolve('v1.34.0'),
    },
    istioctl: { run: async (args) => this.run(args) },
  }

  private async run([command, what, target = '', ...rest]: readonly string[]): Promise<string> {
    const name = target.replace(/\.shop$/, '')
    const proxy = this.proxies.get(name)
    if (`${command ?? ''} ${what ?? ''}` !== 'proxy-config log') throw new Error('only levels are asked for')
    // The words of istioctl 1.31.
    if (proxy === undefined)
      throw new UnseenError(
        'unavailable',
        `Error: failed to execute command on Envoy: failure running port forward process: building port forwarded: failed retrieving: pods "${name}" not found in the "shop" namespace`,
      )
    if (proxy.silent !== undefined) throw new UnseenError('unavailable', proxy.silent)
    if (rest[0] === '--level') await this.set(name, proxy, rest[1] ?? '')
    return `${target}:\nactive loggers:\n${Object.entries(proxy.levels)
      .map(([logger, level]) => `  ${logger}: ${level}\n`)
      .join('')}\n`
  }

  private async set(name: string, proxy: FakeProxy, text: string): Promise<void> {
    const pairs = text.split(',').map((pair) => pair.split(':'))
    for (const [logger = ''] of pairs)
      if (!(logger in proxy.levels)) throw new UnseenError('unavailable', `Error: unrecognized logger name: ${logger}`)
    this.sets.push(`${name} ${text}`)
    for (const [logger = '', level = ''] of pairs) {
      await this.beforeSet?.(name, logger)
      // Whoever has the name by now gets it.
      this.at(name).levels[logger] = level
    }
  }

  /** The writer does what changes/writer.ts does: `--level` through istioctl. */
  get writer(): LeaseDeps['writer'] {
    const none = (): Promise<never> => Promise.reject(new Error('only levels are set here'))
    return {
      ...NO_ZTUNNELS,
      turnOnAccessLog: none,
      turnOffAccessLog: none,
      startCapture: none,
      endCapture: none,
      setLogLevels: async (permit, pod, levels, signal) => {
        if (!permit.pods.some(({ name }) => name === pod.name))
          throw new TypeError(`lease ${permit.lease} is not for ${pod.name}`)
        await this.clients.istioctl.run(
          [
            'proxy-config',
            'log',
            `${pod.name}.${pod.namespace ?? ''}`,
            '--level',
            Object.entries(levels)
              .map(([logger, level]) => `${logger}:${level}`)
              .join(','),
          ],
          signal,
        )
      },
    }
  }
}
