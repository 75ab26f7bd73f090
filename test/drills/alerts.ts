/**
 * npm run drill:alerts -- --trials 100 --kill worker
 *
 * Two bots on one Redis take 200 alerts of 20 causes, each alert sent again until it is taken. In the middle one bot is killed (worker), or Redis is (redis), and comes
 * back with what was in its append-only file. At the end there must be 20 messages, each with its ten alerts: none doubled, none lost. Needs redis-server. Ends with 1 when a trial does not end so.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { alertTrial } from './alert-trial.ts'

const { values } = parseArgs({
  options: { trials: { type: 'string', default: '10' }, kill: { type: 'string', default: 'worker' } },
})
const kill = values.kill === 'redis' ? 'redis' : 'worker'
let failed = 0
for (let trial = 1; trial <= Number(values.trials); trial += 1) {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-medic-drill-'))
  // Anywhere from before the first alert to after the last.
  const after = Math.random() * 6000
  const { messages, odd, seconds } = await alertTrial(folder, { kill, after })
  const isGood = odd.length === 0
  if (!isGood) failed += 1
  console.log(
    `${trial}: ${kill} killed after ${Math.round(after)} ms: ${messages} messages after ${seconds} s ${isGood ? 'ok' : `NOT AS IT SHOULD BE: ${odd.join('; ')}`}`,
  )
  await rm(folder, { recursive: true, force: true })
  await pause(200)
}
console.log(`${values.trials} trials, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
