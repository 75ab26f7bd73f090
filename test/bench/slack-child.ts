/** The bot on a recorded mesh, for slack.ts; says "ready" once it is connected. */
import { pino } from 'pino'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import { startBot } from '../../src/bot.ts'
import { recordedClients } from '../replay.ts'

const {
  BENCH_SLACK_URL = '',
  BENCH_BOT_TOKEN = '',
  BENCH_APP_TOKEN = '',
  BENCH_FOLDER = '',
  BENCH_REDIS_URL = '',
  BENCH_SERVICES = '0',
} = process.env

/** The recorded mesh with the catalog's Service under many more names: the same target would be joined, not opened anew. */
function manyServices(): Clients {
  const recorded = recordedClients('chapter-10/ill')
  const { kubernetes } = recorded
  return {
    ...recorded,
    kubernetes: {
      ...kubernetes,
      list: async (resource, where, signal) => {
        const objects = await kubernetes.list(resource, where, signal)
        const catalog =
          resource.plural === 'services'
            ? objects.find(({ metadata }) => metadata.name === 'catalog' && metadata.namespace === 'istioinaction')
            : undefined
        return catalog === undefined
          ? objects
          : [
              ...objects,
              ...Array.from({ length: Number(BENCH_SERVICES) }, (_, index) => ({
                ...catalog,
                metadata: { ...catalog.metadata, name: `catalog-${index}` },
              })),
            ]
      },
    },
  }
}

const log = pino({ level: 'silent' })
const backend = await openBackend({
  dataFolder: BENCH_FOLDER,
  log,
  ...(BENCH_REDIS_URL !== '' && { redisUrl: BENCH_REDIS_URL }),
})
await startBot({
  backend,
  clients: manyServices(),
  log,
  options: { botToken: BENCH_BOT_TOKEN, appToken: BENCH_APP_TOKEN, apiUrl: BENCH_SLACK_URL },
})
console.log('ready')
