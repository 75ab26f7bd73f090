import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import { followText } from '../../src/report/follow-text.ts'
import { reportMarkdown } from '../../src/report/markdown.ts'
import { reportText } from '../../src/report/text.ts'
import { thread } from '../golden.ts'
import { replay } from '../replay.ts'

/** A script, a link, a turn of the reading direction, characters that are not seen, and what a terminal obeys. */
const FOREIGN = ' <script>x</script><img src=x> [a](http://b) \u202etxt\u200b\u2066\u001b[2J'
// eslint-disable-next-line no-control-regex -- this is about them
const RAW = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u

/** Words that the program chooses itself. */
const OWN: ReadonlySet<string> = new Set(
  'about kind code check dies foreseen role level state severity standing verdict outcome group reason id stage at startedAt finishedAt from to until verb'.split(
    ' ',
  ),
)

/** A report whose every text that comes from elsewhere ends in it. */
function foreign<T>(value: T, name = ''): T {
  if (typeof value === 'string') return (OWN.has(name) ? value : value + FOREIGN) as T
  if (Array.isArray(value)) return value.map((one: unknown) => foreign(one, name)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, foreign(one, key)])) as T
}

const withoutCode = (markdown: string): string =>
  markdown.replace(/^( *)(`{3,})\n[\s\S]*?\n\1\2$/gm, '').replace(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, '')

describe('text of others in a report', () => {
  it.each(['chapter-10/ill', 'authorization-denied/ill', 'application-errors/ill'])(
    'is only text: %s',
    async (from) => {
      const { readings, ...rest } = await replay(from)
      const report: Report = { ...foreign(rest), readings }
      const markdown = reportMarkdown(CHECKS, report)
      expect(markdown).toContain('script')
      expect(withoutCode(markdown)).not.toMatch(/(?<!\\)<\/?(?:script|img)/)
      const shown = [
        markdown,
        reportText(CHECKS, report, { verbose: true }),
        ...(report.follow === undefined ? [] : [followText(report.follow)]),
      ]
      for (const text of shown) expect(text).not.toMatch(RAW)
      const unseen = /.{0,80}[\u200b-\u200f\u2028-\u202e\u2060-\u206f]/gu
      expect(JSON.stringify(thread(report, 'catalog')).match(unseen) ?? []).toEqual([])
    },
  )
})
