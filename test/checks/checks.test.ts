import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { judge } from '../../src/diagnosis/judge.ts'
import { formatRef } from '../../src/mesh/ref.ts'
import { caseFiles, evidenceOf } from './cases.ts'

const files = caseFiles()

for (const check of CHECKS) {
  describe(check.name, () => {
    for (const one of files.get(check.name) ?? []) {
      it(`${one.sort}: ${one.name}`, async () => {
        const { evidence, target } = await evidenceOf(one)
        const { findings, skipped } = judge([check], evidence, target)
        const seen = findings.map(({ code, subject, standing, args }) => ({ code, subject: formatRef(subject), standing, args }))
        expect(seen).toEqual(one.finds.map((finding) => ({ ...finding, args: (finding.args === undefined ? expect.anything() : expect.objectContaining(finding.args)) as unknown })))
        if (one.sort === 'blind') expect(skipped.length, 'a blind case must be said').toBeGreaterThan(0)
        else expect(skipped).toEqual([])
      })
    }
  })
}
