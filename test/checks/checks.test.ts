import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { judge } from '../../src/diagnosis/judge.ts'
import { formatRef } from '../../src/mesh/ref.ts'
import type { Case } from './cases.ts'
import { caseFiles, evidenceOf, named } from './cases.ts'

const files = caseFiles()

/** What a finding must be like, for Vitest to compare. */
const expected = ({ says = '', subject, args, ...finding }: Case['finds'][number]): unknown => ({
  ...finding,
  subject: expect.toSatisfy((name: string) => named(subject, name), subject) as unknown,
  args: (args === undefined ? expect.anything() : expect.objectContaining(args)) as unknown,
  proofs: expect.stringContaining(says) as unknown,
})

for (const check of CHECKS.filter(({ followed }) => followed !== true)) {
  describe(check.name, () => {
    for (const one of files.get(check.name) ?? []) {
      it(`${one.sort}: ${one.name}`, async () => {
        const { evidence, target } = await evidenceOf(one)
        const { findings, skipped } = await judge([check], evidence, target)
        const seen = findings.map(({ code, subject, standing, args, because }) => ({
          code,
          subject: formatRef(subject),
          standing,
          args,
          proofs: because.map(({ says }) => says).join('\n'),
        }))
        expect(seen).toEqual(one.finds.map(expected))
        if (one.sort === 'blind') expect(skipped.length, 'a blind case must be said').toBeGreaterThan(0)
        else expect(skipped).toEqual([])
      })
    }
  })
}
