import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { parseManifest } from '../../../src/fixes/manifest.ts'
import type { Fix, Proposal, Write } from '../../../src/fixes/proposal.ts'
import { momentOf } from '../../../src/fixes/drafting/workloads.ts'
import type { Finding } from '../../../src/checks/check.ts'
import { CHECKS } from '../../../src/checks/index.ts'
import { judge } from '../../../src/diagnosis/judge.ts'
import type { Evidence } from '../../../src/evidence/evidence.ts'
import type { Target } from '../../../src/mesh/target.ts'
import { formatRef } from '../../../src/mesh/ref.ts'
import type { Case } from '../../checks/cases.ts'
import { evidenceOf } from '../../checks/cases.ts'
import { defined } from '../../../src/mesh/defined.ts'

/** `apply` or `delete` an object (`Pod shop/catalog-*` takes any name that begins so); `sets`: all that the manifest sets; `@look`: when it was looked. */
const ExpectedWrite = z.union([
  z.strictObject({ apply: z.string(), made: z.boolean().default(false), sets: z.record(z.string(), z.unknown()) }),
  z.strictObject({ delete: z.string() }),
])
const Expected = z.strictObject({
  title: z.string().optional(),
  choice: z.string().optional(),
  risk: z.string().optional(),
  writes: z.array(ExpectedWrite).min(1),
})
export type Expected = z.infer<typeof Expected>

/** A recorded mesh, changes to what was seen (as in test/checks/cases.ts), and what a fix proposes for the findings of one code that its checks find there. */
const ProposalCase = z.strictObject({
  name: z.string(),
  from: z.string(),
  ask: z.string().optional(),
  changes: z.array(z.record(z.string(), z.unknown())).default([]),
  /** The finding it is asked about; none of this code must be there when absent from `proposes` and `people` is not said either. */
  code: z.string(),
  /** False when the checks must not find it at all. */
  found: z.boolean().default(true),
  proposes: z.array(Expected).default([]),
  /** Words of the advice it gives instead. */
  people: z.string().optional(),
})
export type ProposalCase = z.infer<typeof ProposalCase>

/** The cases of the fixes, by act. */
export function proposalCases(): Map<string, ProposalCase[]> {
  return new Map(
    readdirSync(import.meta.dirname)
      .filter((file) => file.endsWith('.yaml'))
      .sort()
      .map((file) => [
        file.replace(/\.yaml$/, ''),
        z.array(ProposalCase).parse(parse(readFileSync(join(import.meta.dirname, file), 'utf8'))),
      ]),
  )
}

/** What was asked about and what came of it. */
export interface Answer {
  evidence: Evidence
  target: Target
  findings: Finding[]
  answers: ReturnType<Fix['propose']>[]
}

/** Asks a fix about the findings of a case. */
export async function askedOf(fix: Fix, one: ProposalCase): Promise<Answer> {
  const { evidence, target } = await evidenceOf({
    name: one.name,
    sort: 'finds',
    from: one.from,
    changes: one.changes as Case['changes'],
    finds: [],
    ...defined({ ask: one.ask }),
  })
  const findings = (await judge(CHECKS, evidence, target)).findings.filter(({ code }) => code === one.code)
  return { evidence, target, findings, answers: findings.map((finding) => fix.propose(finding, evidence, target)) }
}

/** A proposal in the form of a case. */
export function shown(
  { title, choice, risk, writes }: Proposal,
  expected: Expected | undefined,
  finding: Finding,
): unknown {
  return {
    ...(expected?.title !== undefined && { title }),
    ...defined({ choice }),
    ...(expected?.risk !== undefined && { risk: risk.level }),
    writes: writes.map((write, index) => shownWrite(write, expected?.writes[index], finding)),
  }
}

const nameOf = (write: Write, expected: string | undefined): string => {
  const name = formatRef(write.ref)
  return expected?.endsWith('*') === true && name.startsWith(expected.slice(0, -1)) ? expected : name
}

function shownWrite(write: Write, expected: Expected['writes'][number] | undefined, finding: Finding): unknown {
  if (write.verb === 'delete')
    return { delete: nameOf(write, expected !== undefined && 'delete' in expected ? expected.delete : undefined) }
  const {
    apiVersion: _,
    kind: _kind,
    metadata: { name: _name, namespace: _namespace, ...metadata },
    spec,
  } = parseManifest(write.manifest)
  const sets = JSON.parse(
    JSON.stringify({ ...metadata, ...defined({ spec }) }).replaceAll(momentOf(finding), '@look'),
  ) as unknown
  return {
    apply: nameOf(write, expected !== undefined && 'apply' in expected ? expected.apply : undefined),
    made: write.was === 'absent',
    sets,
  }
}
