import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { parseRecording, replayClients } from '../../src/evidence/clients/recording.ts'
import { ended, openHouse, type House } from './house.ts'
import { shownIn } from './texts.ts'

const RECORDING = join(import.meta.dirname, '..', 'diagnosis', 'telemetry', 'slow-pod.recording.json')
const WHO = { user: 'U_ONCALL', channel: 'C_MESH' }

let house: House
afterEach(() => house.close())

it('shows both ends at a glance, and all of it as a file', async () => {
  house = await openHouse({ clients: replayClients(parseRecording(readFileSync(RECORDING, 'utf8'))) })
  await house.slack.type('/mesh telemetry catalog -n shop --window 2m', WHO)
  expect(await ended(house)).toMatchObject({ state: 'done', outcome: { verdict: 'shown' } })
  const [root, charts, ...more] = house.slack.messages('C_MESH')
  const shown = shownIn(root!)
  expect(shown).toMatch(/Clients see [\d.]+ % of their requests succeed; servers see 100 %\./)
  expect(shown).toMatch(/Clients {2}[\d.]+ % of \d+ requests succeed; p50 /)
  expect(shown).toContain('Why they differ')
  expect(shown).toMatch(/Hang-ups \(DC\) by pod, in Prometheus: .*sort_desc\(sum by .*response_flags="DC"/)
  expect(shown).toContain('[Run again]')
  expect(charts!.blocks.map(({ type }) => type)).toEqual(['rich_text', 'data_visualization', 'data_visualization'])
  expect(charts!.text).toMatch(/clients' proxies: 100 % at \d\d:\d\d, lowest [\d.]+ % at \d\d:\d\d/)
  expect(charts!.text).toMatch(/Latency by pod over \d+ min: catalog-\S+ p50 \d{3} ms/)
  expect(more).toEqual([])
})

it('a target that is mistyped, or in several namespaces, is told to who typed it alone, with lines of this command', async () => {
  house = await openHouse({ clients: replayClients(parseRecording(readFileSync(RECORDING, 'utf8'))) })
  for (const [line, ...says] of [
    ['/mesh telemetry catalgo -n shop', '/mesh telemetry catalog -n shop'],
    ['/mesh telemetry catalog --window 2m', '/mesh telemetry catalog -n shop --window 2m'],
    ['/mesh telemetry <!channel>', 'is not a name Kubernetes allows', '/mesh telemetry catalog -n shop'],
  ] as const) {
    const typed = await house.slack.type(line, WHO)
    await house.slack.waitFor(() => typed.ephemerals()[0])
    for (const one of says) expect(shownIn(typed.ephemerals()[0]!)).toContain(one)
  }
  expect(house.slack.messages('C_MESH')).toEqual([])
})
