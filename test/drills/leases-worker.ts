// One worker of the lease drill: carries out runs and keeps leases, until it is killed. Arguments: Redis, and the mesh's folder (without one it works on the real
// mesh), and the kubeconfig of an API server that keeps Telemetry objects.
import { join } from 'node:path'
import { pino } from 'pino'
import { keepLeases } from '../../src/leases/keep-leases.ts'
import { ASK_ONLY } from '../../src/fixes/policy.ts'
import { clusterWriter } from '../../src/fixes/writer.ts'
import { openClients } from '../../src/cli/clients.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import { auditTrail } from '../../src/capabilities/audit-trail.ts'
import { carryOut, giveUp } from '../../src/capabilities/carry-out.ts'
import { defineCapability, type AnyCapability } from '../../src/capabilities/capability.ts'
import { capture } from '../../src/capabilities/capture.ts'
import { makeLease } from '../../src/capabilities/make-lease.ts'
import { raise } from '../../src/capabilities/raise-log-levels.ts'
import { timeline } from '../../src/capabilities/timeline.ts'
import { turnOnAccessLogs } from '../../src/capabilities/turn-on-access-logs.ts'
import { kubernetesApi } from '../../src/evidence/clients/kubernetes.ts'
import type { LeaseRequest } from '../../src/leases/raise.ts'
import { sweepRuns } from '../../src/capabilities/sweep.ts'
import { capabilityDeps } from '../capabilities/deps.ts'
import { accessLogRequest } from '../leases/access-log-mesh.ts'
import { captureWriter } from './leases-captures.ts'
import { meshClients } from './leases-mesh.ts'

/** Milliseconds between two looks for runs that nobody works on; the bot's own are a minute apart. */
const SWEEP_EVERY = 15_000

const [redisUrl = '', folder, kubeconfig] = process.argv.slice(2)
const log = pino({ level: process.env.LOG_LEVEL ?? 'silent' }, pino.destination(2))
const backend = await openBackend({ redisUrl, dataFolder: '/nonexistent', log })
const { records, queue } = backend
const made =
  folder === undefined ? openClients({ istioctl: process.env.ISTIOCTL }, new AbortController()) : meshClients(folder)
const clients = kubeconfig === undefined ? made : { ...made, kubernetes: kubernetesApi({ kubeconfig }) }
/** The lease of access logs alone: what is found out before has its own tests. */
const drilledAccessLogs = defineCapability({
  ...turnOnAccessLogs,
  async work(withDeps, run, _thread, signal) {
    const request = (): Promise<LeaseRequest> =>
      Promise.resolve(accessLogRequest({ id: run.id, run: run.id, minutes: run.request.minutes ?? 1 }))
    const lease = await makeLease(withDeps, run, { request, facts: {} }, signal)
    return { kind: 'turn-on-access-logs' as const, lease: lease.id }
  },
})
const CAPABILITIES: Readonly<Record<string, AnyCapability>> = {
  capture,
  'raise-log-levels': raise,
  timeline,
  'turn-on-access-logs': folder === undefined ? turnOnAccessLogs : drilledAccessLogs,
}
const { deps } = capabilityDeps(records, {
  queue,
  clients,
  checks: [],
  log,
  audit: auditTrail(records, log),
  policy: {
    ...ASK_ONLY,
    roles: () => ({ operator: { users: ['U_ONCALL'] } }),
    fourEyes: () => false,
    captures: { image: { image: 'drill', pullPolicy: 'Never' } },
  },
  writer: {
    ...clusterWriter({
      clients,
      ...(folder !== undefined && { kubeconfig: kubeconfig ?? join(folder, 'kubeconfig') }),
    }),
    ...(folder !== undefined && captureWriter(folder)),
  },
})
const gaveUp: Parameters<typeof sweepRuns>[0]['gaveUp'] = (job, error) => giveUp(deps, job.run, error)
const worker = backend.openWorker({
  async process(job, ...rest) {
    const capability = CAPABILITIES[job.kind]
    if (capability !== undefined) await carryOut(deps, capability)(job, ...rest)
  },
  gaveUp,
  log,
})
await worker.ready()
const sweep = (): void =>
  void sweepRuns({ records, audit: deps.audit, log, queue, gaveUp }).catch((err: unknown) => log.warn({ err }, 'sweep'))
sweep()
setInterval(sweep, SWEEP_EVERY)
keepLeases(
  { ...deps, trouble: (err, lease) => log.warn({ err, lease }, 'lease') },
  { trouble: (err) => log.warn({ err }, 'leases') },
)
process.send?.('ready')
