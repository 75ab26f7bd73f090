import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { missingSubset } from '../../src/checks/missing-subset.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import { startBot } from '../../src/bot.ts'
import { parseRecording, replayClients } from '../../src/evidence/clients/recording.ts'
import { SCENARIOS } from '../situation.ts'
import { rememberingLog } from './house.ts'

/** A whole bot in a process of its own, on a recorded mesh that answers slowly; says on standard output when it is connected. */
const {
  BOT_REDIS_URL: redisUrl = '',
  BOT_TOKEN: botToken = '',
  BOT_APP_TOKEN: appToken = '',
  BOT_SLACK_URL: apiUrl = '',
  BOT_DELAY: delay = '0',
} = process.env
const { log } = rememberingLog()
const backend = await openBackend({ redisUrl, dataFolder: '/nowhere', log })
const clients = replayClients(parseRecording(readFileSync(join(SCENARIOS, 'chapter-10/ill/recording.json'), 'utf8')), {
  delay: Number(delay),
})
const bot = await startBot({
  backend,
  clients,
  log,
  checks: [missingSubset],
  options: { botToken, appToken, apiUrl, updateEvery: 50, cancelPoll: 50, stall: { lock: 1000, stalledEvery: 500 } },
})
process.once('SIGTERM', () => {
  // eslint-disable-next-line no-restricted-syntax -- a process of its own
  void bot.stop({ graceMilliseconds: 500 }).then(() => process.exit(0))
})
process.stdout.write('connected\n')
