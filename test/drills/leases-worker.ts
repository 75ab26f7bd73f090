// One worker of the lease drill: carries out runs and keeps leases, until it is killed. Arguments: Redis, and the mesh's folder; without one it works on the real mesh.
import { join } from 'node:path'
import { pino } from 'pino'
import { keepLeases } from '../../src/leases/keep-leases.ts'
import { ASK_ONLY } from '../../src/fixes/policy.ts'
import { clusterWriter } from '../../src/fixes/writer.ts'
import { openClients } from '../../src/cli/clients.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import { auditTrail } from '../../src/capabilities/audit-trail.ts'
import { carryOut, giveUp } from '../../src/capabilities/carry-out.ts'
import { raise } from '../../src/capabilities/raise-log-levels.ts'
import { turnOnAccessLogs } from '../../src/capabilities/turn-on-access-logs.ts'
import { sweepRuns } from '../../src/capabilities/sweep.ts'
import { capabilityDeps } from '../capabilities/deps.ts'
import { meshClients } from './leases-mesh.ts'

/** Milliseconds between two looks for runs that nobody works on; the bot's own are a minute apart. */
const SWEEP_EVERY = 15_000

const [redisUrl = '', folder] = process.argv.slice(2)
const log = pino({ level: process.env.LOG_LEVEL ?? 'silent' }, pino.destination(2))
const backend = await openBackend({ redisUrl, dataFolder: '/nonexistent', log })
const { records, queue } = backend
const clients =
  folder === undefined ? openClients({ istioctl: process.env.ISTIOCTL }, new AbortController()) : meshClients(folder)
const { deps } = capabilityDeps(records, {
  queue,
  clients,
  checks: [],
  log,
  audit: auditTrail(records, log),
  policy: { ...ASK_ONLY, roles: () => ({ operator: { users: ['U_ONCALL'] } }) },
  writer: clusterWriter({ clients, ...(folder !== undefined && { kubeconfig: join(folder, 'kubeconfig') }) }),
})
const gaveUp: Parameters<typeof sweepRuns>[0]['gaveUp'] = (job, error) => giveUp(deps, job.run, error)
const [raising, turningOn] = [carryOut(deps, raise), carryOut(deps, turnOnAccessLogs)]
const worker = backend.openWorker({
  process: (job, signal) => (job.kind === turnOnAccessLogs.kind ? turningOn : raising)(job, signal),
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
