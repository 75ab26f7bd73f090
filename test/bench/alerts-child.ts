/** The bot on a recorded mesh with webhooks for alerts, for alerts.ts and the drill; says its port once it is connected. */
import { pino } from 'pino'
import { openBackend } from '../../src/queue/open-backend.ts'
import { startBot } from '../../src/bot.ts'
import { startHttpServer } from '../../src/webhooks/http-server.ts'
import { manyServices } from './many-services.ts'

const {
  BENCH_SLACK_URL = '',
  BENCH_BOT_TOKEN = '',
  BENCH_APP_TOKEN = '',
  BENCH_FOLDER = '',
  BENCH_REDIS_URL = '',
  BENCH_SERVICES = '0',
  BENCH_ALERTS_TOKEN = '',
  BENCH_EDIT_EVERY = '45000',
  BENCH_POST_EVERY = '',
  BENCH_HOLD = '10000',
} = process.env

const log = pino({ level: process.env.BENCH_LOG ?? 'silent' }, process.stderr)
const backend = await openBackend({
  dataFolder: BENCH_FOLDER,
  log,
  ...(BENCH_REDIS_URL !== '' && { redisUrl: BENCH_REDIS_URL }),
})
const bot = await startBot({
  backend,
  clients: manyServices(Number(BENCH_SERVICES)),
  log,
  options: {
    botToken: BENCH_BOT_TOKEN,
    appToken: BENCH_APP_TOKEN,
    apiUrl: BENCH_SLACK_URL,
    ...(BENCH_POST_EVERY !== '' && {
      postEvery: Number(BENCH_POST_EVERY),
      underWay: 2000,
      stall: { lock: 2000, stalledEvery: 1000 },
    }),
    alerts: {
      routing: { channels: [{ channel: 'C_MESH' }] },
      secrets: { token: BENCH_ALERTS_TOKEN },
      editEvery: Number(BENCH_EDIT_EVERY),
      hold: Number(BENCH_HOLD),
      sweepEvery: Math.min(5000, Number(BENCH_HOLD) / 2),
    },
  },
})
if (bot.alerts === undefined) throw new Error('no webhooks')
const { port } = await startHttpServer(0, [bot.alerts], '')
console.log(String(port))
