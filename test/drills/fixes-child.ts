import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { clusterWriter } from '../../src/fixes/writer.ts'
import { missingSubset } from '../../src/checks/missing-subset.ts'
import { policyOf } from '../../src/config/policy.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { kubernetesApi } from '../../src/evidence/clients/kubernetes.ts'
import { parseRecording, replayClients, type Recording } from '../../src/evidence/clients/recording.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import { latestChange, type KubernetesObject } from '../../src/mesh/objects.ts'
import { startBot } from '../../src/bot.ts'
import { SCENARIOS } from '../situation.ts'
import { rememberingLog } from '../slack/house.ts'

/** A whole bot in a process of its own: objects are read and written at an API server, everything else is a recording, ill until the DestinationRule is there. */
const {
  BOT_REDIS_URL: redisUrl = '',
  BOT_PREFIX: prefix = '',
  BOT_TOKEN: botToken = '',
  BOT_APP_TOKEN: appToken = '',
  BOT_SLACK_URL: apiUrl = '',
  BOT_KUBECONFIG: kubeconfig = '',
} = process.env
const { log } = rememberingLog()
const recording = (twin: string): Recording =>
  parseRecording(readFileSync(join(SCENARIOS, 'chapter-10', twin, 'recording.json'), 'utf8'))
const mended = recording('mended')
const changed = mended.calls
  .filter(({ call }) => call.includes('.networking.istio.io '))
  .flatMap(({ json }) => json as KubernetesObject[])
const [ill, well] = [
  replayClients(recording('ill')),
  { ...replayClients(mended), now: () => new Date(latestChange(changed) + 1000) },
]

const api = kubernetesApi({ kubeconfig })
const RULES = { group: 'networking.istio.io', version: 'v1', plural: 'destinationrules', kind: 'DestinationRule' }
const now = async (signal: AbortSignal): Promise<Clients> =>
  (await api.list(RULES, { namespace: 'istioinaction' }, signal)).length > 0 ? well : ill
const clients: Clients = {
  kubernetes: {
    list: async (resource, where, signal) =>
      where.fields?.startsWith('metadata.name=') === true
        ? api.list(resource, where, signal)
        : (await now(signal)).kubernetes.list(resource, where, signal),
    log: async (...args) => (await now(args[3])).kubernetes.log(...args),
    allowed: (...args) => ill.kubernetes.allowed(...args),
    version: (...args) => ill.kubernetes.version(...args),
  },
  istioctl: {
    run: async (args, signal) =>
      (await now(signal)).istioctl.run(
        args.filter((one) => !one.endsWith('.yaml')),
        signal,
      ),
  },
  now: () => ill.now(),
}

const policy = policyOf({
  channels: { C_MESH: { roles: { operator: { users: ['U_ONCALL'] }, approver: { users: ['U_SECOND'] } } } },
  identities: { users: { U_SECOND: { user: 'second@example.com', groups: ['mesh-medic:approvers'] } } },
  changes: { proofSeconds: 0.5 },
})
const backend = await openBackend({ redisUrl, dataFolder: '/nowhere', log, prefix })
await startBot({
  backend,
  clients,
  log,
  policy,
  writer: clusterWriter({ clients, kubeconfig }),
  checks: [missingSubset],
  options: { botToken, appToken, apiUrl, updateEvery: 50, cancelPoll: 50, stall: { lock: 1000, stalledEvery: 500 } },
})
process.stdout.write('connected\n')
