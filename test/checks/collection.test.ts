import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { findingsIndex, problemsOf } from '../../scripts/findings-index.ts'
import type { Check, Found } from '../../src/checks/check.ts'
import { CHECKS } from '../../src/checks/index.ts'
import { RETIRED_CODES } from '../../src/checks/retired.ts'
import type { KindIndex } from '../../src/evidence/evidence.ts'
import { Evidence } from '../../src/evidence/evidence.ts'
import type { EvidenceKind } from '../../src/evidence/reading.ts'
import { ADVISORY } from '../../src/evidence/reading.ts'
import { replay } from '../replay.ts'
import { situations } from '../situation.ts'
import type { Case } from './cases.ts'
import { caseFiles, evidenceOf } from './cases.ts'

const SOURCE = join(import.meta.dirname, '../../src/checks')
const PAGES = join(import.meta.dirname, '../../docs/findings')
const CODE = /^MESH0[1-79]\d\d$/

/** Evidence that remembers which kinds were read. */
class WatchedEvidence extends Evidence {
  readonly kinds = new Set<EvidenceKind>()
  protected override index(kind: EvidenceKind): KindIndex {
    this.kinds.add(kind)
    return super.index(kind)
  }
}

interface Ran {
  check: Check
  one: Case
  found: Found[]
  kinds: ReadonlySet<EvidenceKind>
}

/** True for a case that the check is run on: not one where it lacks what it needs. */
const runs = (check: Check, evidence: Evidence): boolean =>
  check.needs.every((kind) => evidence.seen(kind).length > 0 || evidence.blind(kind).length === 0)

const cases = caseFiles()
/** Checks that run by themselves: what following requests finds has its tests in test/diagnosis/blame. */
const RUN = CHECKS.filter(({ followed }) => followed !== true)
const codes = problemsOf(CHECKS)
const ran: Ran[] = []

beforeAll(async () => {
  for (const check of CHECKS) {
    for (const one of cases.get(check.name) ?? []) {
      const { evidence, target } = await evidenceOf(one)
      if (!runs(check, evidence)) continue
      const watched = new WatchedEvidence(evidence.readings)
      ran.push({ check, one, found: check.run(watched, target), kinds: watched.kinds })
    }
  }
}, 60_000)

describe('the collection of checks', () => {
  it('holds every check that a file declares, under the name of the file', async () => {
    const declared = await Promise.all(
      readdirSync(SOURCE)
        .filter(
          (file) =>
            file.endsWith('.ts') &&
            file !== 'check.ts' &&
            readFileSync(join(SOURCE, file), 'utf8').includes('defineCheck('),
        )
        .map(async (file) => {
          const module = (await import(join(SOURCE, file))) as Record<string, unknown>
          return Object.values(module)
            .filter(
              (value): value is Check =>
                typeof value === 'object' && value !== null && 'problems' in value && 'run' in value,
            )
            .map((check) => ({ file, check }))
        }),
    )
    expect(declared.flat().map(({ file }) => file)).toEqual(CHECKS.map(({ name }) => `${name}.ts`))
    expect(declared.flat().map(({ check }) => check)).toEqual(CHECKS)
  })

  it('is sorted by name, each once', () => {
    const names = CHECKS.map(({ name }) => name)
    expect(names).toEqual([...new Set(names)].sort())
  })

  it('names checks for the symptom, in words', () => {
    for (const { name, about } of CHECKS) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(about, `${name}: one sentence without its full stop`).toMatch(/[^.]$/)
    }
  })

  it('has cases for every check that find, stay silent and go blind', () => {
    expect([...cases.keys()]).toEqual(RUN.map(({ name }) => name))
    for (const { name } of RUN)
      expect(new Set(cases.get(name)?.map(({ sort }) => sort)), name).toEqual(new Set(['finds', 'silent', 'blind']))
  })

  it('has a blind case for every kind that a check needs', () => {
    const missing = CHECKS.flatMap(({ name, needs }) =>
      needs
        .filter(
          (kind) =>
            cases
              .get(name)
              ?.some(
                ({ sort, changes, ztunnels = [] }) =>
                  sort === 'blind' &&
                  (changes.some((change) => change.kind === kind && change.blind !== undefined) ||
                    (kind.startsWith('ztunnel-') && ztunnels.some((one) => 'unread' in one))),
              ) !== true,
        )
        .map((kind) => `${name}: ${kind}`),
    )
    expect(missing).toEqual([])
  })

  it('has cases that are what they say', () => {
    for (const [name, list] of cases) {
      expect(new Set(list.map((one) => one.name)).size, `${name}: each case has a name of its own`).toBe(list.length)
      for (const one of list) {
        if (one.sort === 'finds') expect(one.finds.length, `${name}, ${one.name}`).toBeGreaterThan(0)
        if (one.sort === 'silent') expect(one.finds, `${name}, ${one.name}`).toEqual([])
      }
    }
  })

  it('finds every code in some case', () => {
    const found = new Set(ran.flatMap((one) => one.found.map(({ code }) => code)))
    expect(
      problemsOf(RUN)
        .filter(({ code }) => !found.has(code))
        .map(({ code, check }) => `${code} of ${check.name}`),
    ).toEqual([])
  })

  it('finds nothing by a run of its own where findings come from following requests', async () => {
    const followed = CHECKS.filter((check) => !RUN.includes(check))
    expect(followed.map(({ name }) => name)).toEqual(['requests-fail'])
    const { readings, target } = await replay('chapter-10/ill')
    for (const check of followed) {
      expect(check.needs).toEqual([])
      expect(check.run(new Evidence(readings), target)).toEqual([])
    }
  })
})

it('a check that reads advice finds nothing that hurts: a verdict stands without it', () => {
  const advised = CHECKS.filter(({ needs, confirms = [] }) =>
    [...needs, ...confirms].some((kind) => ADVISORY.has(kind)),
  )
  expect(advised.map(({ name }) => name)).toContain('analyzer-message')
  for (const { name, problems } of advised)
    expect(
      Object.values(problems).map(({ severity }) => severity),
      name,
    ).not.toContain('error')
})

describe('codes', () => {
  it('are well-formed, unique and never reused', () => {
    const all = codes.map(({ code }) => code)
    expect(all.filter((code) => !CODE.test(code))).toEqual([])
    expect(all).toEqual([...new Set(all)])
    expect(all.filter((code) => code in RETIRED_CODES)).toEqual([])
    expect(Object.keys(RETIRED_CODES).filter((code) => !CODE.test(code))).toEqual([])
  })

  it('have a page each, and no page lacks a code', () => {
    expect(readdirSync(PAGES).sort()).toEqual(
      [
        ...codes.map(({ code }) => `${code}.md`),
        ...Object.keys(RETIRED_CODES).map((code) => `${code}.md`),
        'README.md',
        'evidence-ladder.md',
      ].sort(),
    )
  })

  // `npm test -- -u` rewrites it.
  it('stand in the table of findings', async () => {
    await expect(findingsIndex(CHECKS)).toMatchFileSnapshot(join(PAGES, 'README.md'))
  })

  it('have pages that say what the check says', () => {
    for (const { code, problem, check } of codes) {
      const page = readFileSync(join(PAGES, `${code}.md`), 'utf8')
      expect(page.split('\n').slice(0, 3), code).toEqual([
        `# ${code}: ${problem.title}`,
        '',
        `Check \`${check.name}\`, severity ${problem.severity}${problem.symptom === true ? ', a symptom: never the cause' : ''}.`,
      ])
      for (const heading of [
        '## What it means',
        '## How it is known',
        '## How it looks',
        '## How to see it by hand',
        '## How to fix it',
      ])
        expect(page, code).toContain(`\n${heading}\n`)
      expect(page, `${code}: no path of one machine`).not.toMatch(/(^|[\s"'`(])\/(work|tmp|root|home|Users)\//m)
      expect(page, `${code} is a page to be written`).not.toContain('TODO')
      for (const covered of problem.covers ?? [])
        expect(page, `${code} covers ${covered}`).toContain(covered.split(' ')[0])
    }
  })

  it('explain only codes that exist', () => {
    const known = new Set(codes.map(({ code }) => code))
    expect(
      codes.flatMap(({ code, problem }) =>
        (problem.explains ?? [])
          .filter((other) => !known.has(other) || other === code)
          .map((other) => `${code} explains ${other}`),
      ),
    ).toEqual([])
  })

  it('cover only analyzer codes', () => {
    expect(
      codes.flatMap(({ problem }) => problem.covers ?? []).filter((covered) => !/^IST\d{4}( |$)/.test(covered)),
    ).toEqual([])
  })
})

describe('texts', () => {
  const placeholders = (text: string): string[] =>
    [...text.matchAll(/\{(\w+)\}/g)].flatMap(([, name = '']) => (name === 'subject' ? [] : [name]))

  it('are short, and sentences', () => {
    for (const { code, problem } of codes) {
      expect(problem.says, `${code}: the full stop is the renderer's`).toMatch(/[^.]$/)
      expect(problem.remedy, `${code}: a sentence, or a command to run`).toMatch(/(\.|\}|: kubectl [^.]+)$/)
      expect(problem.title.split(' ').length, code).toBeLessThanOrEqual(6)
    }
  })

  it('have every placeholder filled by every finding', () => {
    const missing = ran.flatMap(({ check, found }) =>
      found.flatMap(({ code, args }) => {
        const problem = check.problems[code]
        const wanted =
          problem === undefined
            ? ['a problem']
            : [problem.says, problem.remedy, ...(problem.covers ?? [])].flatMap(placeholders)
        return wanted
          .filter((name) => {
            const value = args[name]
            return value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
          })
          .map((name) => `${code}: {${name}}`)
      }),
    )
    expect([...new Set(missing)]).toEqual([])
  })
})

/**
 * Read along with VirtualServices and Gateways wherever routes to the target are asked for. Without a right to them the checks of the Gateway API
 * do not run, which is said once; those of Istio's own objects go on.
 */
const ALONG: readonly string[] = [
  'gateway-api-gateways',
  'grpc-routes',
  'http-routes',
  'mesh-config',
  'tcp-routes',
  'tls-routes',
]

describe.each(RUN.map((check) => ({ name: check.name, check })))('$name', ({ check }) => {
  it('declares the evidence it reads, no more and no less', () => {
    const declared = [...check.needs, ...(check.confirms ?? [])]
    const read = ran
      .filter((one) => one.check === check)
      .flatMap(({ kinds }) => [...kinds])
      .filter((kind) => declared.includes(kind) || !ALONG.includes(kind))
    expect([...new Set(read)].sort()).toEqual([...new Set(declared)].sort())
    expect(
      declared.filter((kind, index) => declared.indexOf(kind) !== index),
      'declared twice',
    ).toEqual([])
  })

  it('proves every finding with a reading it declares', () => {
    for (const { found } of ran.filter((one) => one.check === check)) {
      for (const { because, code } of found) {
        expect(because.length, code).toBeGreaterThan(0)
        for (const { kind, source, at } of because) {
          expect([...check.needs, ...(check.confirms ?? [])], code).toContain(kind)
          expect(source, `${code}: the command that shows the same`).not.toBe('')
          expect(at, code).not.toBe('')
        }
      }
    }
  })
})

describe('every check', () => {
  it.each(situations().map(({ name }) => name))('is silent on the healthy twin of %s', async (situation) => {
    const { findings } = await replay(`${situation}/mended`)
    expect(findings.map(({ check, code, standing, args }) => ({ check, code, standing, args }))).toEqual([])
  })
})
