/**
 * Measures what people wait for, as ratios against what they would type instead, in one run.
 *
 * npm run bench                 everything that can be measured here (the lab figure needs KUBECONFIG)
 * npm run bench -- NAME...      alerts | apply | capture | classes | diagnosis | slack | dump | judge | logs | people | routes | timeline | walk | windows
 *
 * Tables go to standard error, one JSON object to standard output.
 */
import { benchAlerts } from './alerts.ts'
import { benchApply } from './apply.ts'
import { benchCapture } from './capture.ts'
import { benchClasses } from './classes.ts'
import { benchDiagnosis } from './diagnosis.ts'
import { benchDump } from './dump.ts'
import { benchJudge } from './judge.ts'
import { benchLogs } from './logs.ts'
import { benchPeople } from './people.ts'
import { benchRoutes } from './routes.ts'
import { benchSlack } from './slack.ts'
import { benchTimeline } from './timeline.ts'
import { benchWalk } from './walk.ts'
import { benchWindows } from './windows.ts'

const BENCHES: Readonly<Record<string, () => Promise<Record<string, unknown>>>> = {
  alerts: benchAlerts,
  apply: benchApply,
  capture: benchCapture,
  classes: benchClasses,
  diagnosis: benchDiagnosis,
  slack: benchSlack,
  dump: benchDump,
  judge: benchJudge,
  logs: benchLogs,
  people: benchPeople,
  routes: benchRoutes,
  timeline: benchTimeline,
  walk: benchWalk,
  windows: benchWindows,
}

const named = process.argv.slice(2)
const unknown = named.filter((name) => BENCHES[name] === undefined)
if (unknown.length > 0) {
  console.error(`there is no bench ${unknown.join(', ')}; there are: ${Object.keys(BENCHES).join(', ')}`)
  process.exit(64)
}
const results: Record<string, unknown> = {}
for (const [name, bench] of Object.entries(BENCHES)) {
  if (named.length > 0 && !named.includes(name)) continue
  results[name] = await bench()
  console.error(name, results[name])
}
console.log(JSON.stringify(results))
process.exit(0)
