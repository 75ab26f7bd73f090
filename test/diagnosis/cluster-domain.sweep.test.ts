import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import { parseRecording, replayClients } from '../../src/evidence/clients/recording.ts'
import { replay } from '../replay.ts'
import { parseAsk, PHASES, readSituation, situations } from '../situation.ts'
import { diagnosed, recordingText, saidBy } from './moved-mesh.ts'

const otherCluster = (text: string): string =>
  text
    .replaceAll('.svc.cluster.local', '.svc.mesh.example')
    .replaceAll(/("--domain", ?)"cluster\.local"/g, '$1"mesh.example"')

/** The same mesh, had its cluster another domain; the trust domain is another thing, which may stay, change likewise or be a third. */
const MOVES = {
  'the trust domain stays': otherCluster,
  'the trust domain too': (text: string) => text.replaceAll('cluster.local', 'mesh.example'),
  'the trust domain is a third': (text: string) => otherCluster(text).replaceAll('cluster.local', 'trust.example'),
}

const back = (text: string): string => text.replaceAll(/(?:mesh|trust)\.example/g, 'cluster.local')

// Three names that differ show whatever takes one of them for another, and also what is written into the code.
const moved = MOVES['the trust domain is a third']

describe('a mesh whose Services have another domain and whose identities have a third', () => {
  it.each(situations().flatMap(({ name, ask }) => PHASES.map((phase) => ({ name, phase, ask }))))(
    'is judged no other way: $name, $phase',
    async ({ name, phase, ask }) => {
      const recording = recordingText(`${name}/${phase}`)
      const elsewhere = moved(recording)
      expect(elsewhere).not.toBe(recording)
      const there = saidBy(name, await diagnosed(parseRecording(elsewhere), moved(ask)), back)
      const here = saidBy(name, await replay(`${name}/${phase}`), back)
      expect(there.outcome).toEqual(here.outcome)
      // Comparing texts is quick; only what differs as text is taken apart.
      if (there.json !== here.json) expect(JSON.parse(there.json)).toEqual(JSON.parse(here.json))
    },
  )
})

describe.each(Object.entries(MOVES))('a mesh whose Services have another domain (%s)', (_, moved) => {
  it('has its domain from the sidecars where istiod cannot be seen', async () => {
    const { madeAt, calls } = parseRecording(moved(recordingText('chapter-10/ill')))
    const blind = calls.map((call) =>
      call.call.endsWith('-l app=istiod')
        ? { call: call.call, failed: { reason: 'forbidden', detail: 'pods is forbidden' } as const }
        : call,
    )
    const { ask, expect: expected } = readSituation('chapter-10')
    const report = await examine(parseAsk(moved(ask)), replayClients({ madeAt, calls: blind }), CHECKS)
    expect(report.cause?.finding).toMatchObject(
      expected.verdict === 'ill' ? { check: expected.cause, code: expected.code, standing: expected.standing } : {},
    )
    expect(report.target.hosts).toContain('catalog.istioinaction.svc.mesh.example')
  })
})
