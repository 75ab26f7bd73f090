import { visible } from '../mesh/visible.ts'
import { formatRef } from '../mesh/ref.ts'
import type { MeshStatus, ProxyStanding } from '../diagnosis/mesh-status.ts'
import { ruleFor } from '../evidence/permission-rule.ts'
import type { Verdict } from '../diagnosis/report.ts'

const STATES: Readonly<Record<ProxyStanding['state'], string>> = {
  absent: 'not connected: the proxy runs, but no istiod knows it',
  rejected: 'rejected what istiod sent (NACK)',
  stale: 'stale: has not acknowledged the newest configuration',
  synced: 'in sync',
}

/** *ill*: a proxy rejected something or is not connected, or istiod is not ready; *unclear*: something was not seen, or a proxy lags. */
export function statusVerdict({ proxies, controlPlane, unseen }: MeshStatus): Verdict {
  if (proxies.some(({ state }) => state === 'rejected' || state === 'absent')) return 'ill'
  if (controlPlane.length > 0 && controlPlane.every(({ ready }) => !ready)) return 'ill'
  return unseen.length > 0 || proxies.some(({ state }) => state === 'stale') ? 'unclear' : 'healthy'
}

/** The status in one sentence. */
export function statusHeadline(status: MeshStatus): string {
  const { proxies, namespace, unseen } = status
  const where = namespace === undefined ? 'the mesh' : `namespace ${namespace}`
  if (proxies.length === 0)
    return unseen.length > 0 ? `The proxies of ${where} could not be seen.` : `No proxy runs in ${where}.`
  const counts = (['absent', 'rejected', 'stale', 'synced'] as const).map(
    (state) => [state, proxies.filter((one) => one.state === state).length] as const,
  )
  const words = { absent: 'not connected', rejected: 'rejecting', stale: 'stale', synced: 'in sync' }
  return `${proxies.length} ${proxies.length === 1 ? 'proxy' : 'proxies'} in ${where}: ${counts
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${words[state]}`)
    .join(', ')}.`
}

function proxyLines({ pod, state, version, istiod, types }: ProxyStanding): string[] {
  const facts = [version, istiod === undefined ? undefined : `via ${istiod}`]
    .filter((fact) => fact !== undefined)
    .join(', ')
  const lines = [
    `  ${state === 'synced' ? '✓' : state === 'stale' ? '⏱' : '✗'} ${formatRef(pod)}${facts === '' ? '' : `  (${facts})`}${state === 'synced' ? '' : `  ${STATES[state]}`}`,
  ]
  for (const { type, status, lastUpdated, error } of types) {
    if (status !== 'ERROR' && status !== 'STALE') continue
    lines.push(`      ${type} ${status}${lastUpdated === undefined ? '' : `, last update ${lastUpdated}`}`)
    if (error !== undefined)
      lines.push(
        ...error
          .trim()
          .split('\n')
          .map((line) => `      | ${line.trimEnd()}`),
      )
  }
  return lines
}

/** The status for a terminal. Text from the cluster is shown without control characters. */
export function statusText(status: MeshStatus): string {
  const { proxies, controlPlane, versions, unseen } = status
  const lines = [statusHeadline(status)]
  if (controlPlane.length > 0)
    lines.push(
      '',
      'Control plane',
      ...controlPlane.map(
        ({ pod, ready, version }) =>
          `  ${ready ? '✓' : '✗'} ${formatRef(pod)}${version === undefined ? '' : `  (${version})`}${ready ? '' : '  not ready'}`,
      ),
    )
  if (proxies.length > 0) lines.push('', 'Proxies', ...proxies.flatMap(proxyLines))
  if (versions.length > 1)
    lines.push('', `Version skew: ${versions.map(({ version, proxies: count }) => `${version} (${count})`).join(', ')}`)
  if (unseen.length > 0) {
    lines.push('', 'Not seen')
    for (const { kind, source, reason, detail, permission } of unseen) {
      lines.push(`  ${kind}: ${reason} (${detail})`, `    $ ${source}`)
      if (permission !== undefined)
        lines.push(
          `    missing rule (${permission.namespace === undefined ? 'ClusterRole' : `Role in ${permission.namespace}`}): ${ruleFor(permission)}`,
        )
    }
  }
  return `${visible(lines.join('\n'))}\n`
}
