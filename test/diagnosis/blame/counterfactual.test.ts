import { describe, expect, it } from 'vitest'
import { arrivesWithout } from '../../../src/diagnosis/blame/counterfactual.ts'
import type { Followed } from '../../../src/diagnosis/requests/followed.ts'
import { followEvery } from '../../../src/diagnosis/requests/follow-every.ts'
import type { Evidence } from '../../../src/evidence/evidence.ts'
import type { Ref } from '../../../src/mesh/ref.ts'
import { evidenceOf } from '../../checks/cases.ts'
import { blamedIn } from './blamed.ts'

async function failingIn(from: string): Promise<{ failing: Followed; evidence: Evidence }> {
  const { evidence, target } = await evidenceOf({ name: '', sort: 'finds', finds: [], from, changes: [] })
  const { followed } = await followEvery(target, evidence, { at: evidence.seen('services')[0]?.at ?? '' })
  const failing = followed.find(({ way }) => (way?.failing ?? []).length > 0)
  if (failing === undefined) throw new Error(`nothing fails in ${from}`)
  return { failing, evidence }
}

const namespaced = (kind: string, name: string): Ref => ({ kind, namespace: 'istioinaction', name })

describe('the walk with an object taken away or corrected', () => {
  it.each<[string, Ref, boolean | undefined]>([
    ['authorization-denied/ill', namespaced('AuthorizationPolicy', 'catalog-callers'), true],
    ['authorization-denied/ill', namespaced('AuthorizationPolicy', 'no-deletes'), false],
    ['fault-left-on/ill', namespaced('VirtualService', 'catalog'), true],
    ['fault-left-on/ill', namespaced('VirtualService', 'another'), false],
    ['fault-left-on/ill', namespaced('Gateway', 'catalog-gateway'), undefined],
    ['chapter-10/ill', namespaced('VirtualService', 'catalog'), true],
  ])('%s without %o: %s', async (from, subject, arrives) => {
    const { failing, evidence } = await failingIn(from)
    expect(failing.way && arrivesWithout(subject, failing.way, evidence)).toBe(arrives)
  })

  it('is among the proofs of what is blamed', async () => {
    const { findings } = await blamedIn({ name: '', from: 'authorization-denied/ill' })
    expect(findings.map(({ code, because }) => [code, because.map(({ says }) => says)])).toEqual([
      [
        'MESH0531',
        expect.arrayContaining([
          'with AuthorizationPolicy istioinaction/catalog-callers removed or corrected, the same request arrives on the configuration read',
        ]),
      ],
    ])
  })
})
