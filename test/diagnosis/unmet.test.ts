import { expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { reportOf } from '../../src/diagnosis/report-of.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import type { Case } from '../checks/cases.ts'
import { evidenceOf } from '../checks/cases.ts'

async function reported(from: string, changes: Case['changes']): Promise<Report> {
  const { evidence, target } = await evidenceOf({ name: '', sort: 'finds', finds: [], from, changes })
  const at = evidence.seen('services')[0]?.at ?? ''
  return reportOf(
    target,
    CHECKS,
    [],
    { readings: evidence.readings },
    { startedAt: at, finishedAt: at, context: undefined, onBroken: undefined },
  )
}

const bound = (hosts: string[]): Case['changes'] => [
  {
    kind: 'virtual-services',
    with: {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'catalog', namespace: 'istioinaction', creationTimestamp: '2020-01-01T00:00:00Z' },
      spec: {
        hosts,
        gateways: ['nowhere'],
        http: [{ route: [{ destination: { host: 'catalog.istioinaction.svc.cluster.local' } }] }],
      },
    },
  },
]
const told = ({ findings }: Report): string[] => findings.map(({ code, severity }) => `${code} ${severity}`)

it('a route bound to a Gateway that is not there makes nobody ill while all requests are answered', async () => {
  const report = await reported('consumer-route-backend/mended', bound(['catalog.istioinaction']))
  expect(report.verdict).toBe('healthy')
  expect(told(report)).toEqual(['MESH0106 warning'])
})

it('the same route makes ill whom nobody reaches for want of it', async () => {
  const { verdict, cause } = await reported('unbound-virtual-service/ill', [])
  expect(verdict).toBe('ill')
  expect(cause?.finding.code).toBe('MESH0106')
})
