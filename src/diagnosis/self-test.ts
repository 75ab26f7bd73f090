import { Evidence } from '../evidence/evidence.ts'
import { look } from '../evidence/gather.ts'
import { istiodElsewhere, planControlPlane } from './plan.ts'
import type { Clients } from '../evidence/clients/clients.ts'
import { UnseenError } from '../evidence/clients/clients.ts'
import { STEP_TIMEOUT } from '../evidence/gather.ts'
import type { NeededPermission } from '../evidence/permissions.ts'
import { ISTIO_NAMESPACE } from '../evidence/clients/istio-namespace.ts'
import { PERMISSIONS } from '../evidence/permissions.ts'
import { ruleFor } from '../evidence/permission-rule.ts'

/** One thing the self-test tried. */
export interface SelfTestItem {
  /** `list pods`, `istioctl version`. */
  name: string
  ok: boolean
  /** What was seen. */
  says: string
  /** What to do about a failure, or about something that works but should be better. */
  remedy?: string
}

/**
 * Tests what a diagnosis needs of a cluster: the API server, every permission, istioctl and its version against the control plane's,
 * Prometheus, Kiali. Never throws but the signal's reason; what can't be tested is a failed item.
 */
export async function testCluster(clients: Clients, signal: AbortSignal): Promise<SelfTestItem[]> {
  const either = AbortSignal.any([signal, AbortSignal.timeout(STEP_TIMEOUT)])
  const items = await Promise.all([
    testApiServer(clients, either),
    testPermissions(clients, either),
    testIstioctl(clients, either),
    testPrometheus(clients, either),
    testKiali(clients, either),
  ])
  signal.throwIfAborted()
  return items.flat()
}

/** Turns what a test throws into its failed item. */
async function attempt(
  name: string,
  remedy: string,
  test: () => Promise<SelfTestItem | SelfTestItem[]>,
): Promise<SelfTestItem[]> {
  try {
    return [await test()].flat()
  } catch (error) {
    return [
      {
        name,
        ok: false,
        says: error instanceof UnseenError || error instanceof SyntaxError ? error.message : String(error),
        remedy,
      },
    ]
  }
}

const testApiServer = ({ kubernetes }: Clients, signal: AbortSignal): Promise<SelfTestItem[]> =>
  attempt('API server', 'Check KUBECONFIG, the context and the network: kubectl version', async () => ({
    name: 'API server',
    ok: true,
    says: await kubernetes.version(signal),
  }))

/** `list virtualservices.networking.istio.io`, `create serviceaccounts/token default in istio-system` */
function permissionName({ verb, group, resource, namespace, name }: NeededPermission): string {
  return `${verb} ${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` in ${namespace}`}`
}

function testPermissions({ kubernetes }: Clients, signal: AbortSignal): Promise<SelfTestItem[]> {
  return attempt('permissions', 'Nothing can be said about permissions until the API server answers.', () =>
    Promise.all(
      PERMISSIONS.map(async ({ why, ...permission }) => {
        const name = permissionName({ why, ...permission })
        if (await kubernetes.allowed(permission, signal)) return { name, ok: true, says: 'allowed' }
        const role = permission.namespace === undefined ? 'ClusterRole' : `Role in ${permission.namespace}`
        return {
          name,
          ok: false,
          says: `not allowed (needed: ${why})`,
          remedy: `Add to the reader's ${role}: ${ruleFor(permission)}`,
        }
      }),
    ),
  )
}

interface Versions {
  clientVersion?: { version?: string }
  meshVersion?: { Info?: { version?: string } }[]
}

const INSTALL = "Install istioctl of the control plane's version and set ISTIOCTL to it."

function testIstioctl(clients: Clients, signal: AbortSignal): Promise<SelfTestItem[]> {
  const { istioctl } = clients
  return attempt('istioctl', INSTALL, async () => {
    const { clientVersion } = JSON.parse(
      await istioctl.run(['version', '--remote=false', '-o', 'json'], signal),
    ) as Versions
    const own = clientVersion?.version ?? 'unknown'
    const found: SelfTestItem = { name: 'istioctl', ok: true, says: own }
    const control = await attempt(
      'control plane',
      'Check that istiod runs: kubectl get pods -A -l app=istiod',
      async () => {
        const elsewhere = await istioNamespaceOf(clients, signal)
        const where = elsewhere === undefined ? [] : ['--istioNamespace', elsewhere]
        const { meshVersion } = JSON.parse(await istioctl.run(['version', '-o', 'json', ...where], signal)) as Versions
        return compareVersions(
          own,
          (meshVersion ?? []).flatMap(({ Info }) => (Info?.version === undefined ? [] : [Info.version])),
        )
      },
    )
    return [
      isOlder(own, 27)
        ? {
            ...found,
            ok: false,
            says: `${own} cannot print proxy-status as JSON (1.27 and newer can)`,
            remedy: INSTALL,
          }
        : found,
      ...control,
    ]
  })
}

/** Where istiod runs, when it is not where istioctl looks of itself. */
async function istioNamespaceOf(clients: Clients, signal: AbortSignal): Promise<string | undefined> {
  const pods = planControlPlane().filter(({ kind }) => kind === 'pods')
  const readings = await Promise.all(pods.map((step) => look(step, clients, { signal })))
  return istiodElsewhere(new Evidence(readings))
}

/** The minor version of `1.31.0`; undefined for anything else. */
const minorOf = (version: string): number | undefined => {
  const minor = /^v?1\.(\d+)/.exec(version)?.[1]
  return minor === undefined ? undefined : Number(minor)
}
const isOlder = (version: string, minor: number): boolean => (minorOf(version) ?? minor) < minor

/** istioctl supports control planes one minor version away from it. */
function compareVersions(own: string, mesh: readonly string[]): SelfTestItem {
  const name = 'control plane'
  if (mesh.length === 0)
    return {
      name,
      ok: false,
      says: 'no istiod answered',
      remedy: 'Check that istiod runs: kubectl get pods -A -l app=istiod',
    }
  const versions = [...new Set(mesh)].sort()
  const far = versions.filter((version) => {
    const [a, b] = [minorOf(own), minorOf(version)]
    return a !== undefined && b !== undefined && Math.abs(a - b) > 1
  })
  if (far.length === 0) return { name, ok: true, says: versions.join(', ') }
  return {
    name,
    ok: false,
    says: `${far.join(', ')} is more than one minor version from istioctl ${own}`,
    remedy: INSTALL,
  }
}

async function testPrometheus({ prometheus }: Clients, signal: AbortSignal): Promise<SelfTestItem[]> {
  const name = 'Prometheus'
  if (prometheus === undefined)
    return [
      {
        name,
        ok: true,
        says: 'not configured; reports have no request rates',
        remedy: 'Set PROMETHEUS_URL to have them.',
      },
    ]
  return attempt(
    name,
    'Check PROMETHEUS_URL, the PROMETHEUS_… variables beside it, and that it can be reached from here.',
    async () => {
      const [count] = await prometheus.query('count(istio_requests_total)', signal)
      if (count !== undefined && count.value > 0)
        return { name, ok: true, says: `has istio_requests_total (${count.value} series)` }
      return {
        name,
        ok: false,
        says: 'answers, but has no istio_requests_total',
        remedy: "Make it scrape the proxies: Istio's documentation, Observability, Prometheus.",
      }
    },
  )
}

async function testKiali({ kiali }: Clients, signal: AbortSignal): Promise<SelfTestItem[]> {
  if (kiali === undefined) return []
  return attempt('Kiali', 'Check KIALI_URL with its web root (/kiali), and its token.', async () => {
    const { objects } = await kiali.validations(ISTIO_NAMESPACE, signal)
    return { name: 'Kiali', ok: true, says: `answers (${objects.length} objects in ${ISTIO_NAMESPACE})` }
  })
}
