import { expect, it } from 'vitest'
import { PlanLedger } from '../../src/diagnosis/plan-ledger.ts'
import { accessLog } from '../../src/evidence/collectors/access-log.ts'
import type { AnyStep } from '../../src/evidence/step.ts'

const of = (name: string): AnyStep => accessLog({ kind: 'Pod', namespace: 'shop', name })

it('a step is planned once, also where one plan names it twice', () => {
  const ledger = new PlanLedger(undefined)
  const names = (...steps: AnyStep[]): (string | undefined)[] => ledger.add(steps).map((step) => step.of?.name)
  expect(names(of('egress'), of('catalog'), of('egress'))).toEqual(['egress', 'catalog'])
  expect(names(of('catalog'), of('reviews'))).toEqual(['reviews'])
})
