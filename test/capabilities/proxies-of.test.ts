import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { carryOut } from '../../src/capabilities/carry-out.ts'
import { diagnose } from '../../src/capabilities/diagnose.ts'
import { keptAnswer } from '../../src/capabilities/kept-answer.ts'
import { logLevels } from '../../src/capabilities/log-levels.ts'
import { raisableProxies } from '../../src/capabilities/proxies-of.ts'
import { parseRecording } from '../../src/evidence/clients/recording.ts'
import { recordedMesh } from '../../src/sandbox/recorded-mesh.ts'
import { createRun, readRun, type RunRecord } from '../../src/store/runs.ts'
import { SCENARIOS } from '../situation.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { capabilityDeps } from './deps.ts'

it('gives the proxies of the target that log-level shows, also those whose configuration a diagnosis did not read; then the gateways', async () => {
  const records = memoryRecords()
  const ill = parseRecording(readFileSync(join(SCENARIOS, 'application-errors/ill/recording.json'), 'utf8'))
  const { deps } = capabilityDeps(records, { clients: recordedMesh({ ill, mended: ill }).clients })
  const carriedOut = async (capability: typeof diagnose | typeof logLevels): Promise<RunRecord> => {
    const { kind } = capability
    const request = { kind, text: 'catalog', namespace: 'istioinaction' }
    const { id } = await createRun(records, { request, asker: { user: 'U_ONCALL' }, channel: 'C_MESH' })
    await carryOut(deps, capability)({ run: id, kind }, new AbortController().signal)
    return (await readRun(records, id))!
  }
  const shown = await carriedOut(logLevels)
  const pods = (await keptAnswer(records, shown.id, logLevels.answer))!.proxies.map(({ pod }) => pod.name)
  expect(pods).toHaveLength(2)
  const offered = async (run: RunRecord): Promise<string[]> =>
    (await raisableProxies(deps, run, {})).map(({ name, namespace }) => `${namespace}/${name}`)
  const own = pods.map((name) => `istioinaction/${name}`)
  expect(await offered(shown)).toEqual(own)
  expect(await offered(await carriedOut(diagnose))).toEqual([
    ...own,
    expect.stringMatching(/^istio-system\/istio-ingressgateway-/),
  ])
})
