import { describe, expect, it } from 'vitest'
import { failuresAtOwnEnd } from '../../../src/checks/facts/failures-at-own-end.ts'
import { requestsTo } from '../../../src/checks/facts/requests-to.ts'
import { blame } from '../../../src/diagnosis/blame/blame.ts'
import { followEvery } from '../../../src/diagnosis/requests/follow-every.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import { formatRef } from '../../../src/mesh/ref.ts'
import { replay } from '../../replay.ts'

/** A Service that leads to a port where nothing listens; the target is known by its host alone, as when a route hands its requests to that Service. */
const handedOver = async (): Promise<{ evidence: Evidence; target: Awaited<ReturnType<typeof replay>>['target'] }> => {
  const { readings, target } = await replay('wrong-target-port/ill')
  return { evidence: new Evidence(readings), target: { ...target, services: [] } }
}

describe('a Service that is not of the target and that a route sends to, when it leads to a port where nothing listens', () => {
  it('is the odd one out for the checks', async () => {
    const { evidence, target } = await handedOver()
    const ends = failuresAtOwnEnd(requestsTo(target, 0, evidence), evidence, target)
    expect(ends.map(({ sort, subject }) => `${sort} ${formatRef(subject)}`)).toContain(
      'unreachable Service istioinaction/catalog',
    )
  })

  it('is blamed', async () => {
    const { evidence, target } = await handedOver()
    const { followed } = await followEvery(target, evidence, { at: '2026-01-01T00:00:00Z' })
    const { findings } = blame(
      followed.filter(({ outcome }) => outcome === 'fails'),
      target,
      evidence,
    )
    expect(findings.map(({ subject }) => formatRef(subject))).toEqual(['Service istioinaction/catalog'])
  })
})
