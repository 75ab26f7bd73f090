import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkBlocks } from '../src/sandbox/slack/block-rules/check-blocks.ts'
import { golden, messageLines, shownReport, thread } from './golden.ts'
import { replay } from './replay.ts'
import { codesOf, outcomeOf, PHASES, SCENARIOS, everySituation, situations } from './situation.ts'

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

    it('says the same as before', async () => {
      const { name } = situation
      const [ill, mended] = [shownReport(await replay(`${name}/ill`)), shownReport(await replay(`${name}/mended`))]
      for (const report of [ill, mended]) {
        const { root, replies } = thread(report, situation.ask)
        // One root message and two replies at most, whatever was found; charts are one more.
        expect(replies.filter(({ name: part }) => part !== 'charts').length).toBeLessThanOrEqual(2)
        expect(messageLines(root).filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(12)
        for (const { blocks } of [root, ...replies.map(({ message }) => message)])
          expect(() => checkBlocks(structuredClone(blocks))).not.toThrow()
      }
      await expect(golden(situation, ill, mended)).toMatchFileSnapshot(join(SCENARIOS, name, 'golden.md'))
    })

    it('has its files and no others', () => {
      const folder = join(SCENARIOS, situation.name)
      const files = readdirSync(folder, { recursive: true }).map(String).sort()
      expect(files.filter((file) => !['golden.md', 'mesh.yaml', 'mended.yaml'].includes(file))).toEqual([
        'ask.txt',
        ...PHASES.flatMap((phase) => [phase, join(phase, 'recording.json')]),
        'situation.yaml',
      ])
    })
  })
}

it('is a situation, whatever has a folder', () => {
  const folders = readdirSync(SCENARIOS).filter((name) => name !== 'manifests')
  expect(folders.sort()).toEqual(everySituation().map(({ name }) => name))
})

describe('every recording', () => {
  const recordings = situations().flatMap(({ name }) => PHASES.map((phase) => [`${name}/${phase}`]))
  it.each(recordings)('%s holds no token, key or secret', (from) => {
    const text = readFileSync(join(SCENARIOS, from, 'recording.json'), 'utf8')
    expect(text).not.toMatch(/eyJ[A-Za-z0-9_-]{20,}\.|PRIVATE KEY|"kind":"Secret"/)
  })
})
