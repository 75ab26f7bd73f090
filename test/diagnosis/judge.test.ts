import { describe, expect, it } from 'vitest'
import type { Check, Found } from '../../src/checks/check.ts'
import { defineCheck } from '../../src/checks/check.ts'
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
const left = (...checks: Check[]): string[] =>
  judge(checks, new Evidence([]), TARGET)
    .findings.filter(({ code }) => code === 'MESH0190')
    .map(({ subject, args }) => `${formatRef(subject)}: ${String(args.message)}`)

describe("an analyzer's message", () => {
  it('about the same object and matter is not said twice', () => {
    expect(left(analyzers([CATALOG, 'IST0132', 'host not found']), finding(['IST0132']))).toEqual([])
  })

  it('of a code that means several things is swallowed by the one that says the same', () => {
    const messages = analyzers(
      [CATALOG, 'IST0101', 'Referenced host+subset in destinationrule not found: "a+v1"'],
      [CATALOG, 'IST0101', 'Referenced gateway not found: "gw"'],
    )
    expect(left(messages, finding(['IST0101 host+subset']))).toEqual([
      'VirtualService shop/catalog: Referenced gateway not found: "gw"',
    ])
    expect(left(messages, finding(['IST0101 Referenced gateway']))).toEqual([
      'VirtualService shop/catalog: Referenced host+subset in destinationrule not found: "a+v1"',
    ])
  })

  it('about another route is not swallowed by a finding about one', () => {
    const messages = analyzers(
      [CATALOG, 'IST0130', 'VirtualService rule "beta" not used'],
      [CATALOG, 'IST0130', 'VirtualService rule "late" not used'],
    )
    expect(left(messages, finding(['IST0130 rule {rule} '], { args: { rule: '"beta"' } }))).toEqual([
      'VirtualService shop/catalog: VirtualService rule "late" not used',
    ])
  })

  it('about another object stays, unless the finding names that object in its scope', () => {
    const messages = analyzers([OTHER, 'IST0109', 'define the same host'])
    expect(left(messages, finding(['IST0109']))).toEqual(['VirtualService shop/other: define the same host'])
    expect(left(messages, finding(['IST0109'], { scope: ['VirtualService shop/other'] }))).toEqual([])
  })

  it('stays when only its code begins alike', () => {
    expect(left(analyzers([CATALOG, 'IST0101', 'Referenced host not found: "a"']), finding(['IST010']))).toEqual([
      'VirtualService shop/catalog: Referenced host not found: "a"',
    ])
  })
})
