import { describe, expect, it } from 'vitest'
import { seenClasses } from '../../../src/diagnosis/requests/classes.ts'
import { madeClasses } from '../../../src/diagnosis/requests/made-classes.ts'
import { singledOut } from '../../../src/diagnosis/requests/singled-out.ts'
import { planCallerProxies } from '../../../src/diagnosis/plan-callers.ts'
import { edited } from './edited.ts'

const HOST = 'catalog.istioinaction.svc.cluster.local'
const pod = (namespace: string, name: string, { labels = {}, account = 'default', proxy = true } = {}) => ({
  kind: 'Pod',
  metadata: { namespace, name, labels },
  spec: { serviceAccountName: account, containers: [{ name: 'web' }, ...(proxy ? [{ name: 'istio-proxy' }] : [])] },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: proxy ? [{ name: 'istio-proxy', state: { running: {} } }] : [],
  },
})
const PODS = [
  pod('front', 'web-1'),
  pod('front', 'web-2'),
  pod('front', 'batch', { labels: { app: 'batch' }, account: 'batch' }),
  pod('front', 'bare', { proxy: false }),
  pod('other', 'web-1'),
]
const policy = (source: object): object => ({
  metadata: { name: 'catalog', namespace: 'istioinaction' },
  spec: { rules: [{ from: [{ source }] }] },
})
const sidecar = (hosts: string[], spec: object = {}): object => ({
  metadata: { name: `of-${Object.keys(spec).length}`, namespace: 'front' },
  spec: { egress: [{ hosts }], ...spec },
})
const FROM_FRONT = { 'authorization-policies': [policy({ namespaces: ['front'] })] }

const MESH = 'unbound-virtual-service/mended'
/** The recorded mesh with these pods besides its own. */
async function withPods(options: Parameters<typeof edited>[1]): ReturnType<typeof edited> {
  const recorded = (await edited(MESH, {})).evidence.objects('pods')
  return edited(MESH, { ...options, objects: { pods: [...recorded, ...PODS], ...options.objects } })
}

async function from(objects: Record<string, readonly unknown[]>): Promise<string[]> {
  const { evidence, target } = await withPods({ objects })
  return singledOut(evidence, target).map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`)
}

describe('callers that objects treat on their own', () => {
  it.each<[string, Record<string, readonly unknown[]>, string[]]>([
    ['nobody without such objects', {}, []],
    ['one of a namespace that a policy names', FROM_FRONT, ['front/batch']],
    [
      'one for each account that a policy names',
      {
        'authorization-policies': [policy({ principals: ['cluster.local/ns/front/sa/batch'] })],
      },
      ['front/batch', 'front/web-1'],
    ],
    [
      'one of a namespace that has a rule of its own',
      { 'destination-rules': [{ metadata: { name: 'catalog', namespace: 'other' }, spec: { host: HOST } }] },
      ['other/web-1'],
    ],
    [
      'one for each Sidecar that is for some workloads',
      {
        ...FROM_FRONT,
        sidecars: [sidecar(['*/*']), sidecar(['*/*'], { workloadSelector: { labels: { app: 'batch' } } })],
      },
      ['front/batch', 'front/web-1'],
    ],
    ['nobody from whom a Sidecar hides the target', { ...FROM_FRONT, sidecars: [sidecar(['./*'])] }, []],
  ])('are %s', async (_, objects, expected) => expect(await from(objects)).toEqual(expected))

  it('get their proxies looked into, and are asked to call', async () => {
    const { evidence, target } = await withPods({ log: () => [], objects: FROM_FRONT })
    expect(planCallerProxies(target, evidence).map(({ of }) => of?.name)).toContain('batch')
    const { classes } = seenClasses(target, evidence)
    expect(
      madeClasses(target, classes, evidence).flatMap(({ caller, question }) =>
        caller?.pod.namespace === 'front' ? [`${caller.pod.name} ${question.host}:${question.port ?? ''}`] : [],
      ),
    ).toEqual([`batch ${HOST}:80`])
  })
})
