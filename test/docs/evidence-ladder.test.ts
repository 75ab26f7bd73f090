import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { analyzerCodes, evidenceLadder } from '../../scripts/evidence-ladder.ts'
import { problemsOf } from '../../scripts/findings-index.ts'
import { CHECKS } from '../../src/checks/index.ts'

const PAGES = join(import.meta.dirname, '..', '..', 'docs', 'findings')
const pageOf = (code: string): string => readFileSync(join(PAGES, `${code}.md`), 'utf8')
const codesIn = (text: string, codes: RegExp): string[] => [...new Set(text.match(codes) ?? [])].sort()

describe('docs/findings/evidence-ladder.md', () => {
  const text = readFileSync(join(PAGES, 'evidence-ladder.md'), 'utf8')

  // `npm test -- -u` rewrites it.
  it("is made of the checks, their pages and the analyzers' codes", async () => {
    await expect(evidenceLadder(CHECKS, pageOf)).toMatchFileSnapshot(join(PAGES, 'evidence-ladder.md'))
  })

  it('names every finding, and none that is not there', () => {
    expect(codesIn(text, /MESH\d{4}/g)).toEqual(problemsOf(CHECKS).map(({ code }) => code))
    expect(codesIn(text, /MESH\d{4}(?=\.md)/g).filter((code) => !readdirSync(PAGES).includes(`${code}.md`))).toEqual([])
  })

  it('names every analyzer code, each once as a row, and none that is not there', () => {
    const known = analyzerCodes().map(({ code }) => code)
    expect(known).toEqual([...new Set(known)].sort())
    expect(codesIn(text, /IST\d{4}/g)).toEqual(known)
    expect([...text.matchAll(/^\| (IST\d{4}) \|/gm)].map(([, code]) => code)).toEqual(known)
  })

  it('cannot be made while a check covers a code that is not listed, or a page does not say how it is known', () => {
    expect(() => evidenceLadder(CHECKS, pageOf, analyzerCodes().filter(({ code }) => code !== 'IST0173'))).toThrow(/covers IST0173/)
    expect(() => evidenceLadder(CHECKS, () => '# a page')).toThrow(/does not say how it is live/)
  })

  it('is linked from the table of findings', () => {
    expect(readFileSync(join(PAGES, 'README.md'), 'utf8')).toContain('](evidence-ladder.md)')
  })
})
