import type { Clients, Kubernetes, PortForward } from '../evidence/clients/clients.ts'
import { istioctlProgram } from '../evidence/clients/istioctl.ts'
import { loadKubernetes } from '../evidence/clients/load-kubernetes.ts'
import { ServerClock } from '../evidence/clients/server-clock.ts'
import { ByteBudget } from '../evidence/clients/byte-budget.ts'
import { kialiApi } from '../evidence/clients/kiali.ts'
import type { PrometheusConnection } from '../evidence/clients/prometheus-connection.ts'
import { prometheusApi } from '../evidence/clients/prometheus.ts'
import { withProxyDumps } from '../evidence/clients/proxy-dumps.ts'
import { withoutSecrets } from '../evidence/clients/without-secrets.ts'
import { defined } from '../mesh/defined.ts'
import type { KialiConnection } from './kiali.ts'

/** Which cluster, and by which programs. */
export interface Connection {
  istioctl?: string | undefined
  /** Absent: KUBECONFIG, the default file or the pod's own service account. */
  kubeconfig?: string | undefined
  /** Absent: the kubeconfig's current context. */
  context?: string | undefined
  prometheus?: PrometheusConnection | undefined
  kiali?: KialiConnection | undefined
  /** What istioctl is given instead, where the Kubernetes client needs no kubeconfig. */
  istioctlKubeconfig?: { path: string; context: string } | undefined
  /** Bytes that all answers may take at once. */
  memory?: number | undefined
  /** Of this process; programs get what they may of it. */
  environment?: Readonly<Record<string, string | undefined>> | undefined
}

/** Milliseconds that an answer of istioctl waits for the API server to say what time it is. */
const HEARS_CLOCK = 5000

/**
 * Clients for one command. The Kubernetes client takes a while to load, so it loads while istioctl runs; when it can't be made
 * (no kubeconfig, an unknown context) `controller` aborts with the reason.
 */
export function openClients(connection: Connection, controller: AbortController): Clients {
  const { istioctl: program, kubeconfig, context, prometheus, kiali, istioctlKubeconfig, memory } = connection
  const { environment = process.env } = connection
  const cluster = { kubeconfig, context, environment }
  const clock = new ServerClock()
  const budget = new ByteBudget(memory)
  const module = loadKubernetes()
  const loading = module.then(({ kubernetesApi }) => kubernetesApi({ ...cluster, clock, budget }))
  loading.catch((error: unknown) => controller.abort(error))
  const kubernetes: Required<Kubernetes> = {
    list: async (...args) => (await loading).list(...args),
    served: async (...args) => (await loading).served(...args),
    log: async (...args) => (await loading).log(...args),
    search: async (...args) => (await loading).search(...args),
    allowed: async (...args) => (await loading).allowed(...args),
    version: async (...args) => (await loading).version(...args),
  }
  let connecting: Promise<PortForward> | undefined
  const portForward: PortForward = async (...args) => {
    connecting ??= module.then(({ podConnections }) => podConnections(cluster))
    return (await connecting)(...args)
  }
  const contextInUse = async (): Promise<string | undefined> =>
    istioctlKubeconfig?.context ?? (await module).loadKubeConfig(cluster).getCurrentContext()
  const istioctl = withProxyDumps(
    withoutSecrets(
      istioctlProgram({
        program,
        kubeconfig: istioctlKubeconfig?.path ?? kubeconfig,
        context,
        environment,
        budget,
      }),
      contextInUse,
    ),
    async (...args) => (await loading).askPod(...args),
    (at) => clock.now(at),
  )
  // istioctl's first answer often comes before any of the API server: it is not to be dated by the machine's clock for that.
  const hearClock = async (signal: AbortSignal): Promise<void> => {
    if (clock.isKnown) return
    const either = AbortSignal.any([signal, AbortSignal.timeout(HEARS_CLOCK)])
    await kubernetes.version(either).catch(() => undefined)
  }
  return {
    kubernetes,
    portForward,
    istioctl: {
      ...istioctl,
      async run(args, signal) {
        try {
          return await istioctl.run(args, signal)
        } finally {
          await hearClock(signal)
        }
      },
    },
    ...(prometheus !== undefined && { prometheus: prometheusApi(prometheus, budget) }),
    ...(kiali !== undefined && { kiali: kialiApi(kiali.url, kiali.token, budget) }),
    ...defined({ context }),
    now: (machineTime) => clock.now(machineTime),
  }
}
