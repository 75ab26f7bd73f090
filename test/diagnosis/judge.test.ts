import { describe, expect, it } from 'vitest'
import type { Check, Found } from '../../src/checks/check.ts'
import { defineCheck } from '../../src/checks/check.ts'
import { verdictOf } from '../../src/diagnosis/verdict.ts'
import { judge } from '../../src/diagnosis/judge.ts'
import { Evidence } from '../../src/evidence/evidence.ts'
import type { Ref } from '../../src/mesh/ref.ts'
import { formatRef } from '../../src/mesh/ref.ts'
import type { Target } from '../../src/mesh/target.ts'

const CATALOG: Ref = { kind: 'VirtualService', namespace: 'shop', name: 'catalog' }
const OTHER: Ref = { kind: 'VirtualService', namespace: 'shop', name: 'other' }
const TARGET: Target = {
  asked: 'catalog',
  ref: { kind: 'Service', namespace: 'shop', name: 'catalog' },
  namespace: 'shop',
  name: 'catalog',
  hosts: [],
  services: [],
  pods: [],
}
const because: Found['because'] = [
  { kind: 'virtual-services', source: 'kubectl get virtualservices -A', at: '2026-11-24T00:00:00Z', says: 'it does' },
]
const texts = { severity: 'error', title: 'a matter', says: '{subject}', remedy: 'Change {subject}.' } as const

const analyzers = (...messages: [Ref, string, string][]): Check =>
  defineCheck({
    name: 'analyzers',
    about: 'the analyzers are quiet',
    needs: [],
    problems: { MESH0190: { ...texts, severity: 'warning' } },
    run: () =>
      messages.map(([subject, analyzer, message]) => ({
        code: 'MESH0190',
        standing: 'configured',
        subject,
        args: { analyzer, message },
        because,
      })),
  })
const finding = (covers: string[], found: Partial<Found> = {}): Check =>
  defineCheck({
    name: 'ours',
    about: 'all is well',
    needs: [],
    problems: { MESH0101: { ...texts, covers } },
    run: () => [{ code: 'MESH0101', standing: 'live', subject: CATALOG, args: {}, because, ...found }],
  })
const left = async (...checks: Check[]): Promise<string[]> =>
  (await judge(checks, new Evidence([]), TARGET)).findings
    .filter(({ code }) => code === 'MESH0190')
    .map(({ subject, args }) => `${formatRef(subject)}: ${String(args.message)}`)

describe("an analyzer's message", () => {
  it('about the same object and matter is not said twice', async () => {
    expect(await left(analyzers([CATALOG, 'IST0132', 'host not found']), finding(['IST0132']))).toEqual([])
  })

  it('of a code that means several things is swallowed by the one that says the same', async () => {
    const messages = analyzers(
      [CATALOG, 'IST0101', 'Referenced host+subset in destinationrule not found: "a+v1"'],
      [CATALOG, 'IST0101', 'Referenced gateway not found: "gw"'],
    )
    expect(await left(messages, finding(['IST0101 host+subset']))).toEqual([
      'VirtualService shop/catalog: Referenced gateway not found: "gw"',
    ])
    expect(await left(messages, finding(['IST0101 Referenced gateway']))).toEqual([
      'VirtualService shop/catalog: Referenced host+subset in destinationrule not found: "a+v1"',
    ])
  })

  it('about another route is not swallowed by a finding about one', async () => {
    const messages = analyzers(
      [CATALOG, 'IST0130', 'VirtualService rule "beta" not used'],
      [CATALOG, 'IST0130', 'VirtualService rule "late" not used'],
    )
    expect(await left(messages, finding(['IST0130 rule {rule} '], { args: { rule: '"beta"' } }))).toEqual([
      'VirtualService shop/catalog: VirtualService rule "late" not used',
    ])
  })

  it('about another object stays, unless the finding names that object in its scope', async () => {
    const messages = analyzers([OTHER, 'IST0109', 'define the same host'])
    expect(await left(messages, finding(['IST0109']))).toEqual(['VirtualService shop/other: define the same host'])
    expect(await left(messages, finding(['IST0109'], { scope: ['VirtualService shop/other'] }))).toEqual([])
  })

  it('stays when only its code begins alike', async () => {
    expect(await left(analyzers([CATALOG, 'IST0101', 'Referenced host not found: "a"']), finding(['IST010']))).toEqual([
      'VirtualService shop/catalog: Referenced host not found: "a"',
    ])
  })
})

describe('a check that throws', () => {
  const broken = (run: Check['run']): Check =>
    defineCheck({ name: 'broken', about: 'it works', needs: [], problems: {}, run })
  const quiet = defineCheck({ name: 'quiet', about: 'nothing is wrong', needs: [], problems: {}, run: () => [] })
  const mistake = new TypeError('cannot read properties of undefined')
  const throws = broken(() => {
    throw mistake
  })

  it('is skipped, told of, and keeps none of the others from running', async () => {
    const told: [string, unknown][] = []
    const judgement = await judge([throws, quiet, finding([])], new Evidence([]), TARGET, {
      onBroken: (check, error) => told.push([check, error]),
    })
    expect(judgement.skipped).toEqual([
      {
        check: 'broken',
        reason: 'broken',
        detail: 'not run because of an internal error; the log has it',
        partly: false,
      },
    ])
    expect(judgement.ruledOut.map(({ check }) => check)).toEqual(['quiet'])
    expect(judgement.findings.map(({ code }) => code)).toEqual(['MESH0101'])
    expect(told).toEqual([['broken', mistake]])
  })

  it('leaves the verdict unclear where it would be healthy, and ill where another check shows it', async () => {
    expect(verdictOf(await judge([quiet], new Evidence([]), TARGET))).toBe('healthy')
    expect(verdictOf(await judge([throws, quiet], new Evidence([]), TARGET))).toBe('unclear')
    expect(verdictOf(await judge([throws, finding([])], new Evidence([]), TARGET))).toBe('ill')
  })

  it('is also one whose finding is not among its problems', async () => {
    const undeclared = broken(() => [{ code: 'MESH0999', standing: 'live', subject: CATALOG, args: {}, because }])
    const { findings, skipped } = await judge([undeclared], new Evidence([]), TARGET)
    expect(findings).toEqual([])
    expect(skipped.map(({ check, reason }) => [check, reason])).toEqual([['broken', 'broken']])
  })
})

describe('judging', () => {
  it('lets other work go on between checks that take long', async () => {
    let turns = 0
    let counts = true
    const count = (): void => {
      turns += 1
      if (counts) setImmediate(count)
    }
    const slow = (name: string): Check =>
      defineCheck({
        name,
        about: 'takes long',
        needs: [],
        problems: {},
        run: () => {
          const until = performance.now() + 15
          while (performance.now() < until);
          return []
        },
      })
    setImmediate(count)
    await judge([slow('one'), slow('two'), slow('three'), slow('four')], new Evidence([]), TARGET)
    counts = false
    expect(turns).toBeGreaterThanOrEqual(3)
  })
})
