import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../../src/checks/index.ts'
import { judge } from '../../../src/diagnosis/judge.ts'
import { planUnknownCallers } from '../../../src/diagnosis/plan-callers.ts'
import { followEvery } from '../../../src/diagnosis/requests/follow-every.ts'
import { conclude, type Verdicts } from '../../../src/diagnosis/verdict.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'
import type { Target } from '../../../src/mesh/target.ts'
import { evidenceOf, type Case } from '../../checks/cases.ts'

const ADDRESS = '10.244.0.252'

/** The healthy catalog, asked by somebody of an address alone. */
async function asked(from: string): Promise<{ evidence: Evidence; target: Target }> {
  const changes: Case['changes'] = [
    {
      kind: 'access-log',
      of: 'Pod istioinaction/*',
      lines: { where: {}, into: { downstreamRemote: from, requestId: null, path: '/prices' } },
    },
  ]
  return evidenceOf({ name: '', sort: 'finds', finds: [], from: 'chapter-10/mended', changes })
}

async function verdictOf({ evidence, target }: { evidence: Evidence; target: Target }): Promise<Verdicts> {
  const { followed } = await followEvery(target, evidence, { at: evidence.seen('services')[0]?.at ?? '' })
  return conclude(CHECKS, target, await judge(CHECKS, evidence, target), followed, [], evidence)
}

/** What looking for pods of an address shows. */
const lookedUp = ({ evidence }: { evidence: Evidence }, value: unknown[]): Evidence => {
  const at = evidence.seen('services')[0]?.at ?? ''
  const source = `kubectl get pods -A --field-selector status.podIP=${ADDRESS} -o yaml`
  return new Evidence([...evidence.readings, { kind: 'pods', ok: true, source, at, value } as Reading])
}

const plannedFor = ({ evidence, target }: { evidence: Evidence; target: Target }): string[] =>
  planUnknownCallers(target, evidence).map(({ source }) => source)

describe('requests that only one caller made', () => {
  it('are unclear when no pod has its address any more, and nobody has made them since', async () => {
    const house = await asked(`${ADDRESS}:41234`)
    expect(plannedFor(house)).toEqual([`kubectl get pods -A --field-selector status.podIP=${ADDRESS} -o yaml`])
    const { verdict, verdictReason } = await verdictOf({ ...house, evidence: lookedUp(house, []) })
    expect(verdict).toBe('unclear')
    expect(verdictReason?.says).toMatch(
      /unclear, because `GET [a-z.]+\/prices` was asked for until \d\d:\d\d:\d\d UTC from `10\.244\.0\.252`, an address that no pod has any more, and by nobody since/,
    )
  })

  it.each([
    ['a pod has its address', `${ADDRESS}:41234`, [{ metadata: { name: 'client', namespace: 'shop' } }]],
    ['it was not looked for', `${ADDRESS}:41234`, undefined],
  ])('are healthy when %s', async (_when, from, found) => {
    const house = await asked(from)
    const evidence = found === undefined ? house.evidence : lookedUp(house, found)
    expect((await verdictOf({ ...house, evidence })).verdict).toBe('healthy')
  })

  it.each([
    ['of a client that a gateway passed on', `${ADDRESS}:0`],
    ['from outside the network of pods', '192.0.2.7:41234'],
  ])('are not looked for: %s', async (_who, from) => {
    expect(plannedFor(await asked(from))).toEqual([])
  })
})
