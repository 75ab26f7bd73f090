import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CHECKS } from '../src/checks/index.ts'
import { reportJson } from '../src/report/json.ts'
import { reportMarkdown } from '../src/report/markdown.ts'
import type { Report } from '../src/diagnosis/report.ts'
import { shownBySteps } from '../src/report/what-it-showed.ts'
import { reportParts } from '../src/slack/blocks/report-parts.ts'
import { verdictMessage } from '../src/slack/blocks/verdict.ts'
import type { RunRecord } from '../src/store/runs.ts'
import { replay } from './replay.ts'
import { codesOf, outcomeOf, PHASES, SCENARIOS, situations } from './situation.ts'

/** What goldens hold: the whole report but for the times that differ from run to run. */
function timeless(report: Report): Report {
  return { ...report, plan: report.plan.map(({ milliseconds: _, ...step }) => step) }
}

/** The thread as Slack gets it: the parent message at its end, then the parts. */
function thread(report: Report, ask: string): unknown {
  const run: RunRecord = {
    id: 'run',
    state: 'done',
    request: { kind: 'diagnose', text: ask },
    asker: { user: 'U_ONCALL' },
    channel: 'C_MESH',
    createdAt: report.startedAt,
  }
  return {
    parent: verdictMessage(report, run, { checks: CHECKS }, []),
    parts: reportParts(report, shownBySteps(report), { checks: CHECKS }),
  }
}

// `npm test -- -u` rewrites goldens; `-t NAME` takes one situation.
for (const situation of situations()) {
  describe(situation.name, () => {
    it(situation.expect.verdict === 'ill' ? 'names the cause' : 'is healthy, with its warnings', async () => {
      expect(outcomeOf(await replay(`${situation.name}/ill`), situation)).toEqual(situation.expect)
    })

    it('says at which hop a request dies, and that of its mended twin at none', async () => {
      expect(situation.expect).toHaveProperty('hop')
      expect((await replay(`${situation.name}/mended`)).follow?.dies ?? null).toBe(null)
    })

    it('has a healthy twin that stays silent', async () => {
      const { verdict, findings } = await replay(`${situation.name}/mended`)
      expect(verdict).toBe('healthy')
      expect(findings.filter(({ severity, standing }) => severity === 'error' || standing === 'observed')).toEqual([])
      expect(findings.map(({ code }) => code).filter((code) => codesOf(situation).includes(code))).toEqual([])
    })

    for (const phase of PHASES) {
      it(`says the same as before, ${phase}`, async () => {
        const folder = join(SCENARIOS, situation.name, phase)
        const report = timeless(await replay(`${situation.name}/${phase}`))
        await expect(`${JSON.stringify(reportJson(report), null, 2)}\n`).toMatchFileSnapshot(
          join(folder, 'findings.json'),
        )
        await expect(reportMarkdown(CHECKS, report)).toMatchFileSnapshot(join(folder, 'summary.md'))
        await expect(`${JSON.stringify(thread(report, situation.ask), null, 2)}\n`).toMatchFileSnapshot(
          join(folder, 'blocks.json'),
        )
        expect(readdirSync(folder).sort()).toEqual(['blocks.json', 'findings.json', 'recording.json', 'summary.md'])
      })
    }
  })
}

describe('every recording', () => {
  const recordings = situations().flatMap(({ name }) => PHASES.map((phase) => [`${name}/${phase}`]))
  it.each(recordings)('%s holds no token, key or secret', (from) => {
    const text = readFileSync(join(SCENARIOS, from, 'recording.json'), 'utf8')
    expect(text).not.toMatch(/eyJ[A-Za-z0-9_-]{20,}\.|PRIVATE KEY|"kind":"Secret"/)
  })
})
