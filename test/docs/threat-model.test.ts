import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..', '..')
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

interface Attempt {
  tried: string
  against: string
  test: string
}
/** The rows of the table of what was tried. */
const ATTEMPTS: Attempt[] = textOf('docs/threat-model.md')
  .split('## Ways that were tried')[1]!
  .split('\n## ')[0]!
  .split('\n')
  .filter((line) => /^\| (?:\d+ )?\| (?!what was tried)/.test(line))
  .map((line) => {
    const [, tried = '', against = '', test = ''] = line.split(/(?<= )\|(?= )/).map((cell) => cell.trim())
    return { tried, against, test: test.replace(/\s*\|$/, '') }
  })

/** Files of tests that a cell names, each with the titles in the parentheses after it. */
const testsIn = (cell: string): { file: string; titles: string[] }[] =>
  [...cell.matchAll(/`(test\/[^`]+)`(?: \(((?:[^()]|`[^`]*`)*)\))?/g)].map(([, file = '', named = '']) => ({
    file,
    titles: [...named.matchAll(/\*([^*]+)\*/g)].map(([, title = '']) => title),
  }))
const commandsIn = (cell: string): string[] =>
  [...cell.matchAll(/`npm run ([\w:-]+)`/g)].map(([, command = '']) => command)

/** True when a test or a group of tests in the source has a title that begins so. */
const hasTitle = (source: string, title: string): boolean =>
  ["'", '"', '`'].some((quote) =>
    [`(${quote}`, `\n    ${quote}`, `\n  ${quote}`, `[${quote}`].some((before) => source.includes(before + title)),
  )

describe('docs/threat-model.md', () => {
  it('has a row for each way that was tried', () => {
    expect(ATTEMPTS.length).toBeGreaterThanOrEqual(22)
  })

  it.each(ATTEMPTS.map(({ tried, test }) => [tried.slice(0, 60), test]))('names a test or a drill of: %s', (_, cell) => {
    const tests = testsIn(cell)
    const commands = commandsIn(cell)
    expect(tests.length + commands.length).toBeGreaterThan(0)
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
    expect(commands.filter((command) => scripts[command] === undefined)).toEqual([])
    for (const { file, titles } of tests) {
      expect(existsSync(join(ROOT, file)), file).toBe(true)
      expect(titles, `titles in ${file}`).not.toEqual([])
      const source = textOf(file)
      expect(titles.filter((title) => !hasTitle(source, title))).toEqual([])
    }
  })

  it.each(ATTEMPTS.map(({ tried, against }) => [tried.slice(0, 60), against]))(
    'names only files that are there against: %s',
    (_, cell) => {
      const files = [...cell.matchAll(/`((?:src|deploy|docs)\/[\w./-]*|capabilities\/[\w.-]+\.ts)`/g)].map(
        ([, file = '']) => (file.startsWith('capabilities/') ? `src/${file}` : file),
      )
      expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
    },
  )
})
