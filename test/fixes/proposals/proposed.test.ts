import { describe, expect, it } from 'vitest'
import { parseManifest } from '../../../src/fixes/manifest.ts'
import type { Proposal, Write } from '../../../src/fixes/proposal.ts'
import { FIXES } from '../../../src/fixes/proposals/index.ts'
import { writableKind } from '../../../src/fixes/writable-kinds.ts'
import type { Evidence } from '../../../src/evidence/evidence.ts'
import type { ObjectKind } from '../../../src/evidence/reading.ts'
import { RESOURCES } from '../../../src/evidence/collectors/objects.ts'
import { refOf } from '../../../src/mesh/objects.ts'
import { sameRef } from '../../../src/mesh/ref.ts'
import { askedOf, proposalCases, shown } from './proposed.ts'

const files = proposalCases()

for (const fix of FIXES.filter(({ act }) => files.has(act))) {
  describe(fix.act, () => {
    const cases = files.get(fix.act) ?? []
    for (const one of cases) {
      it(one.name, async () => {
        const { evidence, findings, answers } = await askedOf(fix, one)
        expect(findings.length > 0, `${one.code} is found`).toBe(one.found)
        const proposals = answers.flatMap((answer, index) =>
          Array.isArray(answer)
            ? answer.flatMap((proposal) => findings.slice(index, index + 1).map((finding) => ({ proposal, finding })))
            : [],
        )
        expect(proposals.map(({ proposal, finding }, index) => shown(proposal, one.proposes[index], finding))).toEqual(
          one.proposes,
        )
        const advice = answers.flatMap((answer) => (Array.isArray(answer) ? [] : [answer.people]))
        expect(advice).toEqual(
          one.people === undefined ? [] : advice.map(() => expect.stringContaining(one.people ?? '') as unknown),
        )
        expect(advice.length > 0).toBe(one.people !== undefined)
        for (const { proposal, finding } of proposals) isSound(proposal, finding.code, evidence)
      })
    }

    it('has a case in which it proposes, and a healthy twin in which there is nothing to mend', () => {
      expect(cases.filter(({ proposes }) => proposes.length > 0)).not.toEqual([])
      expect(cases.filter(({ found, from }) => !found && from.endsWith('/mended'))).not.toEqual([])
    })
  })
}

/** What holds for every proposal: its objects are those that were read, at the version that was read, and may be written at all. */
function isSound(proposal: Proposal, code: string, evidence: Evidence): void {
  expect(proposal.for).toBe(code)
  for (const text of [proposal.title, proposal.why, proposal.effect, proposal.risk.says, proposal.undo])
    expect(text).not.toMatch(/undefined|\[object|^\s*$/)
  for (const write of proposal.writes) {
    const seen = objectAt(write, evidence)
    expect(writableKind(write.ref.kind, write.apiVersion)?.verbs).toContain(
      write.verb === 'delete' ? 'delete' : write.was === 'absent' ? 'create' : 'patch',
    )
    expect(write.was === 'absent' ? undefined : write.was.resourceVersion).toBe(seen?.metadata.resourceVersion)
    expect(write.was === 'absent' ? undefined : write.was.uid).toBe(seen?.metadata.uid)
    if (write.verb === 'apply') expect(refOf(parseManifest(write.manifest))).toEqual(write.ref)
  }
}

/** The object that a write is for: two kinds are called Gateway, and their group tells them apart. */
const objectAt = (
  { ref, apiVersion }: Write,
  evidence: Evidence,
): ReturnType<typeof evidence.objects>[number] | undefined =>
  (Object.keys(RESOURCES) as ObjectKind[])
    .filter((kind) => RESOURCES[kind].group === (apiVersion.includes('/') ? apiVersion.split('/')[0] : ''))
    .flatMap((kind) => evidence.objects(kind))
    .find((object) => sameRef(refOf(object), ref))
