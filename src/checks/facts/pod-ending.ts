import type { Container, Pod, PreStop } from '../../mesh/objects.ts'
import { isFields } from '../../mesh/fields.ts'
import { PROXY_CONTAINER } from '../../mesh/pods.ts'
import { quoted } from './pod-trouble.ts'

/** Seconds that a pod has to end where its template does not say. */
const GRACE = 30

/** What a pod's template says of its end. */
export interface Ending {
  /** `sleep 10`, `exec` or `httpGet`, of each container that has a preStop hook. */
  preStop: readonly { container: string; hook: string }[]
  graceSeconds: number
}

/** Seconds that `sleep 5` or `sh -c "sleep 5"` waits. */
const SLEEPS = /(?:^|[\s/"'])sleep\s+(\d+)/

function hookOf({ sleep, exec, httpGet }: PreStop): string {
  const seconds = sleep?.seconds ?? SLEEPS.exec(exec?.command?.join(' ') ?? '')?.[1]
  return seconds !== undefined
    ? `sleep ${seconds}`
    : exec !== undefined
      ? 'exec'
      : httpGet !== undefined
        ? 'httpGet'
        : 'other'
}

/** How pods of a template end. */
export const endingOf = (
  spec: { containers?: readonly Container[]; terminationGracePeriodSeconds?: number } | undefined,
): Ending => ({
  preStop: (spec?.containers ?? [])
    .filter(({ name }) => name !== PROXY_CONTAINER)
    .flatMap(({ name, lifecycle }) =>
      lifecycle?.preStop === undefined ? [] : [{ container: name, hook: hookOf(lifecycle.preStop) }],
    ),
  graceSeconds: spec?.terminationGracePeriodSeconds ?? GRACE,
})

/** True when two templates end their pods alike. */
export const endAlike = (a: Ending, b: Ending): boolean => JSON.stringify(a) === JSON.stringify(b)

/** How a pod's proxy ends, as it was started: `its proxy drains for 5s (terminationDrainDuration)`; nothing without a proxy. */
function proxyEnding({ spec }: Pod): string | undefined {
  const own = ({ name }: Container): boolean => name === PROXY_CONTAINER
  const native = (spec?.initContainers ?? []).find(own)
  const env = (native ?? (spec?.containers ?? []).find(own))?.env
  if (env === undefined) return undefined
  const valueOf = (name: string): string | undefined => env.find((one) => one.name === name)?.value
  const drains = terminationDrain(valueOf('PROXY_CONFIG')) ?? '5s'
  const waits =
    valueOf('EXIT_ON_ZERO_ACTIVE_CONNECTIONS') === 'true'
      ? 'stays until no connection is left (EXIT_ON_ZERO_ACTIVE_CONNECTIONS)'
      : `drains for ${quoted(drains)} (terminationDrainDuration)`
  return native === undefined
    ? `its proxy ${waits}`
    : `its proxy ends after the application (native sidecar) and ${waits}`
}

function terminationDrain(config: string | undefined): string | undefined {
  try {
    const said: unknown = JSON.parse(config ?? '{}')
    return isFields(said) && typeof said.terminationDrainDuration === 'string'
      ? said.terminationDrainDuration
      : undefined
  } catch {
    return undefined
  }
}

/** How a pod ends, as a clause. */
export function endingText({ preStop, graceSeconds }: Ending, pod: Pod | undefined): string {
  const hooks = preStop.map(
    ({ container, hook }) => `container ${quoted(container)} has the preStop hook ${quoted(hook)}`,
  )
  return [
    hooks.length === 0 ? 'no container has a preStop hook' : hooks.join(' and '),
    `terminationGracePeriodSeconds is ${quoted(String(graceSeconds))}`,
    ...[pod === undefined ? undefined : proxyEnding(pod)].filter((text) => text !== undefined),
  ].join(', ')
}
