import { refOf } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { formatRef } from '../mesh/ref.ts'
import { defineCheck, proof } from './check.ts'
import { silentProxies } from './facts/access-logs-off.ts'
import { podScope } from './facts/owners.ts'
import { readingFor } from './facts/readings.ts'

/** Proxies on the target's way that log no requests: what became of these is not known from there. */
export const accessLogOff = defineCheck({
  name: 'access-log-off',
  about: 'every proxy of the target and of its gateways whose configuration was read logs its requests',
  needs: ['pods', 'listeners', 'gateways', 'virtual-services'],
  confirms: ['telemetries'],
  problems: {
    MESH0443: {
      severity: 'warning',
      title: 'access log is off',
      says: '{proxies} {proxies?has:have} no access log{by}: what requests got there is not known, and the verdict rests on live configuration and the logs of other proxies',
      remedy:
        'Turn access logs on where requests matter: accessLogFile of MeshConfig, or a Telemetry object with accessLogging for these workloads. For some minutes, mesh-medic turns on those of one workload: mesh-medic access-log deploy/NAME -n NAMESPACE on.',
    },
    // In a mesh that has none on purpose, it is no news at each diagnosis.
    MESH0447: {
      severity: 'info',
      title: 'access logs off in the mesh',
      says: '{proxies} {proxies?has:have} no access log{by}: what requests got there is not known, and the verdict rests on live configuration and the logs of other proxies',
      remedy:
        'Turn access logs on where requests matter: accessLogFile of MeshConfig, or a Telemetry object with accessLogging for these workloads. For some minutes, mesh-medic turns on those of one workload: mesh-medic access-log deploy/NAME -n NAMESPACE on.',
    },
  },
  run(evidence, target) {
    const silent = silentProxies(evidence, target)
    const byReason = Map.groupBy(silent, ({ because }) => (because === undefined ? '' : formatRef(refOf(because))))
    return [...byReason.values()].flatMap((proxies) => {
      const [first] = proxies
      if (first === undefined) return []
      const { because, listeners } = first
      const subject: Ref = because === undefined ? target.ref : refOf(because)
      const isTelemetry = because?.kind === 'Telemetry'
      return [
        {
          code: because?.kind === 'ConfigMap' ? ('MESH0447' as const) : ('MESH0443' as const),
          standing: 'live' as const,
          subject,
          args: {
            proxies: proxies.map(({ pod }) => pod.metadata.name),
            by:
              because === undefined
                ? ', for a reason that no object which was read gives'
                : isTelemetry
                  ? `, as ${formatRef(subject)} turns them off`
                  : ', as the mesh configuration names no accessLogFile',
          },
          because: [
            proof(
              listeners,
              `no filter of ${first.pod.metadata.name} that takes requests writes an access log to its output`,
            ),
            ...(isTelemetry
              ? [proof(readingFor('telemetries', evidence), `${formatRef(subject)} disables access logs`)]
              : []),
          ],
          scope: proxies.map(({ pod }) => podScope(pod)),
        },
      ]
    })
  },
})
