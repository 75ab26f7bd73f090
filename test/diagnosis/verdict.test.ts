import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { judge } from '../../src/diagnosis/judge.ts'
import type { Verdicts } from '../../src/diagnosis/verdict.ts'
import { conclude } from '../../src/diagnosis/verdict.ts'
import { followEvery } from '../../src/diagnosis/requests/follow-every.ts'
import { isWaiting } from '../../src/diagnosis/requests/waiting.ts'
import { Evidence } from '../../src/evidence/evidence.ts'
import type { Case } from '../checks/cases.ts'
import { evidenceOf } from '../checks/cases.ts'

type Change = Case['changes'][number]

async function concluded(from: string, changes: Change[]): Promise<Verdicts> {
  const { evidence, target } = await evidenceOf({ name: '', sort: 'finds', finds: [], from, changes })
  const { followed } = await followEvery(target, evidence, { at: evidence.seen('services')[0]?.at ?? '' })
  const waiting = followed.filter((one) => isWaiting(one, evidence))
  return conclude(CHECKS, target, await judge(CHECKS, evidence, target), followed, waiting, evidence)
}

/** The recorded pod that never gets ready, as one whose first probe is still to come. */
const starting = (seconds: number): Change[] => [
  { kind: 'events', drop: true },
  {
    kind: 'pods',
    merge: {
      name: 'istioinaction/catalog*',
      into: {
        metadata: { creationTimestamp: `@-${seconds}s` },
        spec: { containers: [{ name: 'catalog', readinessProbe: { initialDelaySeconds: 60 } }] },
        status: {
          containerStatuses: [
            { name: 'catalog', ready: false, restartCount: 0, state: { running: { startedAt: `@-${seconds - 2}s` } } },
          ],
        },
      },
    },
  },
]

describe('the verdict', () => {
  it('is starting while the pods are younger than their start-up needs, and requests fail for nothing else', async () => {
    const { verdict, verdictReason } = await concluded('not-ready/ill', starting(42))
    expect(verdict).toBe('starting')
    expect(verdictReason?.says).toBe(
      '`Deployment istioinaction/catalog` is starting: `NAME` was created 42 s ago; the readiness probe of `catalog` may take 90 s after its start'.replace(
        'NAME',
        /`(catalog-[^`]+)`/.exec(verdictReason?.says ?? '')?.[1] ?? '',
      ),
    )
  })

  it('is ill once they have had their time', async () => {
    expect(await concluded('not-ready/ill', starting(400))).toEqual({ verdict: 'ill' })
  })

  it('is ill while they start when requests fail for something else', async () => {
    expect((await concluded('gateway-host-mismatch/ill', starting(42))).verdict).toBe('ill')
  })

  it('is healthy while pods of a rollout start beside ready ones', async () => {
    const [, young] = starting(42)
    const changes =
      young?.merge === undefined ? [] : [{ ...young, merge: { ...young.merge, name: 'istioinaction/catalog-v2*' } }]
    expect(await concluded('subset-without-pods/mended', changes)).toEqual({ verdict: 'healthy' })
  })

  const without: Change[] = [
    { kind: 'gateways', drop: true },
    { kind: 'virtual-services', drop: true },
    { kind: 'access-log', drop: true },
    {
      kind: 'pods',
      merge: {
        name: 'istioinaction/*',
        into: { spec: { containers: [{ name: 'catalog' }], initContainers: null } },
      },
    },
  ]

  it('is unclear for a host that a ServiceEntry registers while nobody is seen to ask for it, and healthy for a Service', () => {
    const of = (kind: string): Verdicts => {
      const ref = { kind, namespace: 'shop', name: 'api' }
      const target = {
        asked: 'api',
        ref,
        namespace: 'shop',
        name: 'api',
        hosts: ['api.example'],
        services: [],
        pods: [],
      }
      return conclude(CHECKS, target, { findings: [], skipped: [] }, [], [], new Evidence([]))
    }
    expect(of('ServiceEntry')).toEqual({
      verdict: 'unclear',
      verdictReason: {
        says: '`ServiceEntry shop/api`: unclear, because no caller whose proxy was read was seen to ask for it, and nothing of its own runs in the mesh',
        remedy: 'Send a request from one of its callers, then diagnose again',
      },
    })
    expect(of('Service').verdict).toBe('healthy')
  })

  it('is not in the mesh for pods without a proxy that no proxy leads to; what would change it is said', async () => {
    const { verdict, verdictReason } = await concluded('no-sidecar-warning/mended', [
      ...without,
      {
        kind: 'namespaces',
        merge: { name: 'istioinaction', into: { metadata: { labels: { 'istio-injection': null } } } },
      },
    ])
    expect(verdict).toBe('not in the mesh')
    expect(verdictReason?.says).toContain('no gateway or caller with a proxy leads to it')
    expect(verdictReason?.remedy).toContain('kubectl label namespace istioinaction istio-injection=enabled')
  })

  it('says to restart them where their namespace asks for sidecars', async () => {
    const { verdict, verdictReason } = await concluded('no-sidecar-warning/mended', without)
    expect(verdict).toBe('not in the mesh')
    expect(verdictReason?.remedy).toContain('asks for sidecars')
  })

  it('is healthy for pods without a proxy that a gateway leads to', async () => {
    expect((await concluded('no-sidecar-warning/ill', [])).verdict).toBe('healthy')
  })
})
