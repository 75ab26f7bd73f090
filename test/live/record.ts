/**
 * Records what the collectors' clients really get from the mesh that KUBECONFIG names.
 *
 * npm run record -- NAME...            makes the situations NAME anew, records each and its mended twin
 * npm run record -- all                every situation
 * npm run record -- NAME --as-is ASK   records the mesh as it stands, asked for ASK (`catalog -n shop`), into test/scenarios/NAME/ill
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openClients } from '../../src/cli/clients.ts'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import { headline } from '../../src/diagnosis/telling.ts'
import { formatRecording, recordClients } from '../../src/evidence/clients/recording.ts'
import type { Phase } from '../situation.ts'
import { parseAsk, readSituation, SCENARIOS, situations } from '../situation.ts'
import { makeIll, mend, sendRequests } from './mesh.ts'

async function record(name: string, phase: Phase, ask: string): Promise<void> {
  const { clients, recording } = recordClients(openClients({ istioctl: process.env.ISTIOCTL }, new AbortController()))
  const report = await examine(parseAsk(ask), clients, CHECKS)
  const folder = join(SCENARIOS, name, phase)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'recording.json'), formatRecording(recording))
  console.log(`${name}/${phase}: ${report.verdict}: ${headline(CHECKS, report)}`)
}

const [first, ...rest] = process.argv.slice(2)
if (first === undefined) {
  console.error('usage: npm run record -- all | NAME... | NAME --as-is "TARGET -n NAMESPACE"')
  process.exitCode = 64
} else if (rest[0] === '--as-is') {
  await record(first, 'ill', rest[1] ?? '')
} else {
  for (const situation of first === 'all' ? situations() : [first, ...rest].map(readSituation)) {
    await makeIll(situation)
    if (situation.traffic !== undefined) console.log(situation.name, 'ill traffic', await sendRequests(situation.traffic))
    await record(situation.name, 'ill', situation.ask)
    await mend(situation)
    if (situation.traffic !== undefined) console.log(situation.name, 'mended traffic', await sendRequests(situation.traffic))
    await record(situation.name, 'mended', situation.ask)
  }
}
