/** The bot on a recorded mesh, for slack.ts; says "ready" once it is connected. */
import { pino } from 'pino'
import { openBackend } from '../../src/queue/open-backend.ts'
import { startBot } from '../../src/bot.ts'
import { manyServices } from './many-services.ts'

const {
  BENCH_SLACK_URL = '',
  BENCH_BOT_TOKEN = '',
  BENCH_APP_TOKEN = '',
  BENCH_FOLDER = '',
  BENCH_REDIS_URL = '',
  BENCH_SERVICES = '0',
} = process.env

const log = pino({ level: 'silent' })
const backend = await openBackend({
  dataFolder: BENCH_FOLDER,
  log,
  ...(BENCH_REDIS_URL !== '' && { redisUrl: BENCH_REDIS_URL }),
})
await startBot({
  backend,
  clients: manyServices(Number(BENCH_SERVICES)),
  log,
  options: { botToken: BENCH_BOT_TOKEN, appToken: BENCH_APP_TOKEN, apiUrl: BENCH_SLACK_URL },
})
console.log('ready')
