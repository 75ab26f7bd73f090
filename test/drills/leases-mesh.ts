import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UnseenError, type Clients } from '../../src/evidence/clients/clients.ts'
import { istioctlProgram } from '../../src/evidence/clients/istioctl.ts'
import type { LogLevels } from '../../src/evidence/collectors/log-levels.ts'
import type { KubernetesObject } from '../../src/mesh/objects.ts'
import { addedTo } from './leases-captures.ts'

export const NAMESPACE = 'shop'
/** What each proxy has logged: no request, so that whoever waits for one waits on. */
const QUIET_LOG =
  '2026-11-24T00:00:00.000000Z\tinfo\tenvoy main external/envoy/source/server/server.cc:1\tstarting\tthread=1\n'

/**
 * Proxies kept in files, so that they outlive whoever sets them: a folder a pod, a file a logger. istioctl is a program of its own here as there: it sets
 * one logger after the other, takes its time, and goes on for a moment when its parent is killed.
 */
const ISTIOCTL = `#!/bin/sh
# proxy-config log POD.NAMESPACE [--level LOGGER:LEVEL,...]
pods="$(dirname "$0")/pods"
name="\${3%.${NAMESPACE}}"
pod="$pods/$name"
sleep "0.0$(( $$ % 9 + 1 ))"
[ -d "$pod" ] || { echo "Error: failed to execute command on Envoy: pods \\"$name\\" not found in the \\"${NAMESPACE}\\" namespace" >&2; exit 1; }
if [ "$4" = --level ]; then
  for pair in $(echo "$5" | tr , ' '); do
    [ -f "$pod/levels/\${pair%%:*}" ] || { echo "Error: unrecognized logger name: \${pair%%:*}" >&2; exit 1; }
    sleep "0.$(( $$ % 2 ))$(( $$ % 7 + 1 ))"
    printf '%s' "\${pair#*:}" > "$pod/next.$$" && mv "$pod/next.$$" "$pod/levels/\${pair%%:*}" || { echo "Error: EOF" >&2; exit 1; }
  done
fi
cd "$pod/levels" || { echo "Error: EOF" >&2; exit 1; }
printf '%s:\\nactive loggers:\\n' "$3"
for logger in *; do printf '  %s: %s\\n' "$logger" "$(cat "$logger")"; done
`

export function makeMesh(folder: string): void {
  mkdirSync(join(folder, 'pods'), { recursive: true })
  writeFileSync(join(folder, 'istioctl'), ISTIOCTL, { mode: 0o755 })
  // The writer reads one; nothing is ever sent to it.
  writeFileSync(
    join(folder, 'kubeconfig'),
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'drill',
      contexts: [{ name: 'drill', context: { cluster: 'drill', user: 'drill' } }],
      clusters: [{ name: 'drill', cluster: { server: 'http://127.0.0.1:1' } }],
      users: [{ name: 'drill', user: {} }],
    }),
  )
}

export function addPod(folder: string, name: string, uid: string, levels: LogLevels): void {
  const making = join(folder, `making-${uid}`)
  mkdirSync(join(making, 'levels'), { recursive: true })
  writeFileSync(join(making, 'uid'), uid)
  writeFileSync(
    join(making, 'started'),
    Object.entries(levels)
      .map(([logger, level]) => `${logger}:${level}`)
      .join(','),
  )
  for (const [logger, level] of Object.entries(levels)) writeFileSync(join(making, 'levels', logger), level)
  renameSync(making, join(folder, 'pods', name))
}

export function deletePod(folder: string, name: string): void {
  renameSync(join(folder, 'pods', name), join(folder, `gone-${name}-${Date.now()}`))
}

/** UID and levels of a pod's proxy; undefined when there is none. */
export function podAt(folder: string, name: string): { uid: string; levels: LogLevels } | undefined {
  const pod = join(folder, 'pods', name)
  if (!existsSync(pod)) return undefined
  const levels = join(pod, 'levels')
  return {
    uid: readFileSync(join(pod, 'uid'), 'utf8'),
    levels: Object.fromEntries(
      readdirSync(levels).map((logger) => [logger, readFileSync(join(levels, logger), 'utf8')]),
    ),
  }
}

function podObject(folder: string, name: string): KubernetesObject[] {
  const [uid, started] = factsOf(join(folder, 'pods', name))
  if (uid === undefined) return []
  const added = addedTo(folder, name)
  const proxy = { name: 'istio-proxy', args: [`--proxyComponentLogLevel=${started ?? ''}`] }
  const pod: KubernetesObject = {
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE, uid, labels: { app: 'catalog' } },
    spec: {
      containers: [{ name: 'catalog' }, proxy],
      ...(added.length > 0 && { ephemeralContainers: added.map((one) => ({ name: one.name })) }),
    },
    status: {
      phase: 'Running',
      ...(added.length > 0 && {
        ephemeralContainerStatuses: added.map((one) => ({
          name: one.name,
          state: one.isRunning ? { running: {} } : { terminated: { exitCode: 0 } },
        })),
      }),
      containerStatuses: [{ name: 'istio-proxy', state: { running: { startedAt: '2026-11-24T00:00:00Z' } } }],
    },
  }
  return [pod]
}

/** UID, and the levels it was started with; nothing when it is deleted between two looks. */
function factsOf(pod: string): string[] {
  try {
    return ['uid', 'started'].map((fact) => readFileSync(join(pod, fact), 'utf8'))
  } catch {
    return []
  }
}

function objects(folder: string, plural: string): KubernetesObject[] {
  switch (plural) {
    case 'pods':
      return readdirSync(join(folder, 'pods')).flatMap((name) => podObject(folder, name))
    case 'services':
      return [
        {
          kind: 'Service',
          metadata: { name: 'catalog', namespace: NAMESPACE },
          spec: { selector: { app: 'catalog' } },
        },
      ]
    case 'namespaces':
      return ['kube-system', NAMESPACE].map((name) => ({ kind: 'Namespace', metadata: { name, uid: `uid-${name}` } }))
    default:
      return []
  }
}

/** Clients of that mesh: the project's own istioctl client, and an API server of files. */
export function meshClients(folder: string): Clients {
  return {
    now: () => new Date(),
    istioctl: istioctlProgram({ program: join(folder, 'istioctl'), environment: process.env }),
    kubernetes: {
      list: ({ plural }, { fields }) =>
        Promise.resolve(
          objects(folder, plural).filter(
            ({ metadata }) => fields === undefined || fields === `metadata.name=${metadata.name}`,
          ),
        ),
      log: ({ name }) =>
        existsSync(join(folder, 'pods', name))
          ? Promise.resolve(QUIET_LOG)
          : Promise.reject(new UnseenError('unavailable', 'no such pod')),
      allowed: () => Promise.resolve(true),
      version: () => Promise.resolve('v1.34.0'),
    },
  }
}
