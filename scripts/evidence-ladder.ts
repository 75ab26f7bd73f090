import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import type { Check, Standing } from '../src/checks/check.ts'
import { problemsOf } from './findings-index.ts'

const AnalyzerCode = z.strictObject({
  code: z.string().regex(/^IST\d{4}$/),
  says: z.string(),
  live: z.string().exactOptional(),
  observed: z.string().exactOptional(),
})
export type AnalyzerCode = z.infer<typeof AnalyzerCode>

/** What istioctl's analyzers can print. */
export const analyzerCodes = (): AnalyzerCode[] =>
  z.array(AnalyzerCode).parse(parse(readFileSync(join(import.meta.dirname, 'analyzer-codes.yaml'), 'utf8')))

const HEAD = `# The evidence ladder

What is known of a trouble stands on one of three rungs: *configured* (objects or an analyzer say so), *live* (a proxy's own configuration or state agrees), *observed* (so does
traffic since the last change). Only what is live or observed can be a cause. This page says, for everything that can be found, what lifts it.

`
const CHECKS_HEAD = `## What the checks find

| code | what it says | check | analyzer messages | confirmed live by | observed by |
|---|---|---|---|---|---|
`
const ANALYZERS_HEAD = `
## What istioctl analyze says

The codes of Istio 1.31. Where a check covers one, that check's rungs are above; the message itself stays configured, as [MESH0190](MESH0190.md) or [MESH0191](MESH0191.md), until a
check has looked. A message that several objects of one name are in each other's way (IST0110, IST0111, IST0159, IST0160) is left out: it names one object of several clusters.

| code | what it says | covered by | confirmed live by | observed by |
|---|---|---|---|---|
`

const NOTHING = '–'
const cell = (text: string): string => text.replace(/\.$/, '').replaceAll('|', String.raw`\|`)
const row = (...cells: string[]): string => `| ${cells.join(' | ')} |\n`
const page = (code: string): string => `[${code}](${code}.md)`

/** What a finding's page says of one rung; throws when it says nothing. */
function rung(text: string, standing: Standing, code: string): string {
  const [, known = ''] = /^## How it is known\n([\s\S]*?)^## /m.exec(text) ?? []
  const [, says] = new RegExp(`^- ${standing}: (.+)$`, 'm').exec(known) ?? []
  if (says === undefined) throw new Error(`the page of ${code} does not say how it is ${standing}`)
  return says
}

const isClaimed = (says: string): boolean => !/^(not|never) claimed/.test(says)

/** The text of docs/findings/evidence-ladder.md; `pageOf` reads a finding's page. */
export function evidenceLadder(
  checks: readonly Check[],
  pageOf: (code: string) => string,
  analyzers: readonly AnalyzerCode[] = analyzerCodes(),
): string {
  const findings = problemsOf(checks).map(({ code, problem, check }) => ({
    code,
    title: problem.title,
    check: check.name,
    covers: [...new Set((problem.covers ?? []).map((covered) => covered.split(' ')[0] ?? ''))],
    live: rung(pageOf(code), 'live', code),
    observed: rung(pageOf(code), 'observed', code),
  }))
  const unknown = findings.flatMap(({ code, covers }) =>
    covers.filter((one) => !analyzers.some((known) => known.code === one)).map((one) => `${code} covers ${one}`),
  )
  if (unknown.length > 0) throw new Error(`analyzer-codes.yaml has not what ${unknown.join(', ')}`)
  const ours = findings.map(({ code, title, check, covers, live, observed }) =>
    row(page(code), title, `\`${check}\``, covers.join(', ') || NOTHING, cell(live), cell(observed)),
  )
  const theirs = analyzers.map(({ code, says, ...own }) => {
    const by = findings.filter(({ covers }) => covers.includes(code))
    const confirmed = (standing: 'live' | 'observed'): string => {
      const claiming = by.filter((one) => isClaimed(one[standing])).map((one) => one.code)
      const parts = [
        ...(claiming.length === 0 ? [] : [`as ${claiming.join(', ')}`]),
        ...(own[standing] === undefined ? [] : [cell(own[standing])]),
      ]
      return parts.join('; ') || NOTHING
    }
    return row(
      code,
      cell(says),
      by.map((one) => page(one.code)).join(', ') || NOTHING,
      confirmed('live'),
      confirmed('observed'),
    )
  })
  return HEAD + CHECKS_HEAD + ours.join('') + ANALYZERS_HEAD + theirs.join('')
}
