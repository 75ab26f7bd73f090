import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import type { Recording } from '../../src/evidence/clients/recording.ts'
import { replayClients } from '../../src/evidence/clients/recording.ts'
import type { KubernetesObject, Pod } from '../../src/mesh/objects.ts'
import { shownBySteps } from '../../src/report/what-it-showed.ts'
import { recordingOf } from '../replay.ts'
import { parseAsk, readSituation } from '../situation.ts'

const FROM = 'chapter-10/mended'
const ZTUNNELS = 'kubernetes list pods.v1 -A -l app=ztunnel'

/** The recorded mesh with its namespace in ambient mode: labelled, and its pods without sidecars; with the CNI plugin's annotation, when there is one. */
function ambient(more: Recording['calls'], annotations: Record<string, string> = {}): Recording {
  const { madeAt, calls } = structuredClone(recordingOf(FROM))
  const changed = calls.map((one) => {
    if (!Array.isArray(one.json)) return one
    if (one.call.startsWith('kubernetes list namespaces'))
      return {
        ...one,
        json: (one.json as KubernetesObject[]).map(({ metadata, ...rest }) => ({
          ...rest,
          metadata: { ...metadata, labels: { 'istio.io/dataplane-mode': 'ambient' } },
        })),
      }
    if (!one.call.startsWith('kubernetes list pods.v1 -n istioinaction')) return one
    return { ...one, json: (one.json as Pod[]).map((pod) => bare(pod, annotations)) }
  })
  return { madeAt, calls: [...changed.filter(({ call }) => call !== ZTUNNELS), ...more] }
}

function bare({ metadata, spec, ...rest }: Pod, annotations: Record<string, string>): Pod {
  return {
    ...rest,
    metadata: { ...metadata, annotations },
    ...(spec !== undefined && {
      spec: { ...spec, initContainers: [], containers: spec.containers.filter(({ name }) => name !== 'istio-proxy') },
    }),
  }
}

const diagnosed = (recording: Recording): Promise<Report> =>
  examine(parseAsk(readSituation('chapter-10').ask), replayClients(recording), CHECKS)

const nodesOf = ({ readings }: Report): string[] => [
  ...new Set(
    readings
      .flatMap((one) => (one.ok && one.kind === 'pods' ? one.value : []))
      .flatMap(({ spec }) => spec?.nodeName ?? []),
  ),
]

describe('a target in ambient mode', () => {
  it('is unclear where no ztunnel runs, and names the look', async () => {
    const report = await diagnosed(ambient([{ call: ZTUNNELS, json: [] }]))
    expect(report.verdict).toBe('unclear')
    expect(report.findings.map(({ code }) => code)).toContain('MESH0707')
    const missed = report.skipped.filter(({ kind }) => kind === 'ztunnel-config')
    expect(missed.length).toBeGreaterThan(0)
    expect(missed[0]?.detail).toContain('no ztunnel runs on node')
  })

  it('is unclear where its ztunnel cannot be read, as by an istioctl that is too old', async () => {
    const [node = ''] = nodesOf(await diagnosed(ambient([{ call: ZTUNNELS, json: [] }])))
    const failed = { reason: 'unavailable' as const, detail: 'Error: unknown command "ztunnel-config" for "istioctl"' }
    const report = await diagnosed(
      ambient(
        [
          { call: ZTUNNELS, json: [ztunnel(node)] },
          { call: 'istioctl ztunnel-config all ztunnel-1.istio-system -o json', failed },
          { call: 'kubernetes log Pod istio-system/ztunnel-1 istio-proxy 1000', text: '' },
        ],
        { 'ambient.istio.io/redirection': 'enabled' },
      ),
    )
    expect(report.verdict).toBe('unclear')
    expect(report.skipped.map(({ detail }) => detail).join('\n')).toContain('istioctl 1.24 or newer')
  })

  it('has the ztunnel of its own node read, and what that showed is told', async () => {
    const [node = ''] = nodesOf(await diagnosed(ambient([{ call: ZTUNNELS, json: [] }])))
    const report = await diagnosed(
      ambient(
        [
          { call: ZTUNNELS, json: [ztunnel('another', 'ztunnel-2'), ztunnel(node)] },
          {
            call: 'istioctl ztunnel-config all ztunnel-1.istio-system -o json',
            json: { workloads: [], services: [], policies: [], certificates: [], workloadState: {} },
          },
          { call: 'kubernetes log Pod istio-system/ztunnel-1 istio-proxy 1000', text: '' },
        ],
        { 'ambient.istio.io/redirection': 'enabled' },
      ),
    )
    const read = report.plan.filter(({ kind }) => kind.startsWith('ztunnel'))
    expect(read.map(({ of, outcome }) => `${of?.name ?? ''} ${outcome}`)).toEqual(['ztunnel-1 seen', 'ztunnel-1 seen'])
    const shown = shownBySteps(report)
    expect(read.map(({ id }) => shown[id])).toEqual([
      '0 workloads, 0 services, 0 policies of the mesh; 0 pods of its node',
      '0 connections, 0 of them failed; 0 warnings',
    ])
  })
})

it('reads the mesh configuration where istiod runs', async () => {
  const { madeAt, calls } = structuredClone(recordingOf(FROM))
  const elsewhere = calls.map((one) =>
    one.call === 'kubernetes list pods.v1 -A -l app=istiod' && Array.isArray(one.json)
      ? {
          ...one,
          json: (one.json as KubernetesObject[]).map((pod) => ({
            ...pod,
            metadata: { ...pod.metadata, namespace: 'mesh-system' },
          })),
        }
      : one,
  )
  const { plan } = await diagnosed({ madeAt, calls: elsewhere })
  expect(plan.filter(({ kind }) => kind === 'mesh-config').map(({ command }) => command)).toEqual([
    'kubectl get configmaps -n istio-system --field-selector metadata.name=istio -o yaml',
    'kubectl get configmaps -n mesh-system --field-selector metadata.name=istio -o yaml',
  ])
})

it('a mesh of sidecars is not asked about ztunnel', async () => {
  const { plan } = await diagnosed(structuredClone(recordingOf(FROM)))
  expect(plan.filter(({ kind, command }) => kind.startsWith('ztunnel') || command.includes('ztunnel'))).toEqual([])
})

/** As `kubectl get pods -l app=ztunnel` would have it. */
function ztunnel(nodeName: string, name = 'ztunnel-1'): Pod {
  return {
    kind: 'Pod',
    metadata: { namespace: 'istio-system', name, uid: name, labels: { app: 'ztunnel' } },
    spec: { nodeName, containers: [{ name: 'istio-proxy' }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  }
}
