import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { changesOf } from '../../src/fixes/propose.ts'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import { reportJson } from '../../src/report/json.ts'
import { parseRecording, replayClients } from '../../src/evidence/clients/recording.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import { replay } from '../replay.ts'
import { outcomeOf, parseAsk, PHASES, readSituation, SCENARIOS, situations } from '../situation.ts'

const recordingOf = (from: string): string => readFileSync(join(SCENARIOS, from, 'recording.json'), 'utf8')

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

const diagnosed = (recording: string, ask: string): Promise<Report> =>
  examine(parseAsk(ask), replayClients(parseRecording(recording), { shared: true }), CHECKS)

function saidBy(name: string, report: Report): { json: string; outcome: unknown } {
  // What is proposed belongs to what is said; a change's id is made of its writes.
  const { changes, advice } = changesOf(report)
  const said = {
    ...(reportJson({ ...report, plan: report.plan.map(({ milliseconds: _, ...step }) => step) }) as object),
    changes: changes.map(({ id: _, ...change }) => change),
    advice,
  }
  return {
    json: JSON.stringify(said).replaceAll(/(?:mesh|trust)\.example/g, 'cluster.local'),
    outcome: outcomeOf(report, readSituation(name)),
  }
}

// Three names that differ show whatever takes one of them for another, and also what is written into the code.
const moved = MOVES['the trust domain is a third']

describe('a mesh whose Services have another domain and whose identities have a third', () => {
  it.each(situations().flatMap(({ name, ask }) => PHASES.map((phase) => ({ name, phase, ask }))))(
    'is judged no other way: $name, $phase',
    async ({ name, phase, ask }) => {
      const recording = recordingOf(`${name}/${phase}`)
      const elsewhere = moved(recording)
      expect(elsewhere).not.toBe(recording)
      const there = saidBy(name, await diagnosed(elsewhere, moved(ask)))
      const here = saidBy(name, await replay(`${name}/${phase}`))
      expect(there.outcome).toEqual(here.outcome)
      // Comparing texts is quick; only what differs as text is taken apart.
      if (there.json !== here.json) expect(JSON.parse(there.json)).toEqual(JSON.parse(here.json))
    },
  )
})

describe.each(Object.entries(MOVES))('a mesh whose Services have another domain (%s)', (_, moved) => {
  it('has its domain from the sidecars where istiod cannot be seen', async () => {
    const { madeAt, calls } = parseRecording(moved(recordingOf('chapter-10/ill')))
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
