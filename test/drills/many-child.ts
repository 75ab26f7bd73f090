/** The bot on a recorded mesh of many services, for many.ts: of every forty logs one is 100 MB long, and read by the real client. Says "connected". */
import { ByteBudget } from '../../src/evidence/clients/byte-budget.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { kubernetesApi } from '../../src/evidence/clients/kubernetes.ts'
import { missingSubset } from '../../src/checks/missing-subset.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import { startBot } from '../../src/bot.ts'
import { recordedClients } from '../replay.ts'
import { rememberingLog } from '../slack/house.ts'

const {
  BOT_REDIS_URL = '',
  BOT_TOKEN = '',
  BOT_APP_TOKEN = '',
  BOT_SLACK_URL = '',
  BOT_KUBECONFIG = '',
  BOT_SERVICES = '0',
} = process.env

const recorded = recordedClients('chapter-10/ill')
const { kubernetes } = recorded
const large = kubernetesApi({ kubeconfig: BOT_KUBECONFIG, budget: new ByteBudget() })
let logs = 0
const clients: Clients = {
  ...recorded,
  kubernetes: {
    ...kubernetes,
    // The same target would be joined, not diagnosed again.
    list: async (resource, where, signal) => {
      const objects = await kubernetes.list(resource, where, signal)
      const catalog = objects.find(
        ({ metadata: { name, namespace } }) => name === 'catalog' && namespace === 'istioinaction',
      )
      if (resource.plural !== 'services' || catalog === undefined) return objects
      const more = Array.from({ length: Number(BOT_SERVICES) }, (_, index) => ({
        ...catalog,
        metadata: { ...catalog.metadata, name: `catalog-${index}` },
      }))
      return [...objects, ...more]
    },
    log: async (pod, ...all) => {
      logs += 1
      return (logs % 40 === 0 ? large : kubernetes).log(pod, ...all)
    },
  },
}
const { log } = rememberingLog()
const backend = await openBackend({ redisUrl: BOT_REDIS_URL, dataFolder: '/nowhere', log })
await startBot({
  backend,
  clients,
  log,
  checks: [missingSubset],
  options: { botToken: BOT_TOKEN, appToken: BOT_APP_TOKEN, apiUrl: BOT_SLACK_URL },
})
process.stdout.write('connected\n')
