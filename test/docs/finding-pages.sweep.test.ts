import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { problemsOf } from '../../scripts/findings-index.ts'
import { CHECKS } from '../../src/checks/index.ts'
import type { Finding } from '../../src/checks/check.ts'
import { problemOf, remedy, sentence } from '../../src/report/telling.ts'
import { replay } from '../replay.ts'
import { PHASES, situations } from '../situation.ts'

const PAGES = join(import.meta.dirname, '..', '..', 'docs', 'findings')
const BLOCK = /(## How it looks\n\n```\n)([\s\S]*?)(```\n)/
/** Lines of a quote, and pieces of a proof, that a page shows. */
const MOST = 4

function shown(finding: Finding): string {
  const { code, check, standing, because } = finding
  const proof = because
    .slice(0, MOST)
    .flatMap(({ says, quote = '' }) => [
      `  - ${says}`,
      ...quote.split('\n').filter((line) => line !== '').slice(0, MOST).map((line) => `    | ${line}`),
    ])
  const head = `${code} ${check} (${problemOf(CHECKS, finding).severity}, ${standing})`
  return [head, `  ${sentence(CHECKS, finding)}`, ...proof, `  Remedy: ${remedy(CHECKS, finding)}`, ''].join('\n')
}

/** The first recorded finding of each code: of ill meshes before mended ones, observed before live before configured. */
async function examples(): Promise<ReadonlyMap<string, string>> {
  const first = new Map<string, Finding>()
  for (const standing of ['observed', 'live', 'configured'])
    for (const phase of PHASES)
      for (const { name } of situations())
        for (const finding of (await replay(`${name}/${phase}`)).findings)
          if (finding.standing === standing && !first.has(finding.code)) first.set(finding.code, finding)
  return new Map([...first].map(([code, finding]) => [code, shown(finding)]))
}

// `npm run test:sweep -- -u` rewrites them.
it('what the pages of findings show is what is said today, where a recording has it', async () => {
  const known = await examples()
  for (const { code } of problemsOf(CHECKS)) {
    const page = join(PAGES, `${code}.md`)
    const text = readFileSync(page, 'utf8')
    const example = known.get(code)
    expect(text, code).toMatch(BLOCK)
    if (example === undefined) continue
    const now = text.replace(BLOCK, (_, before: string, __: string, after: string) => before + example + after)
    await expect(now).toMatchFileSnapshot(page)
  }
})
