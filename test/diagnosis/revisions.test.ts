import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import { meshStatus } from '../../src/diagnosis/mesh-status.ts'
import { parseRecording, replayClients } from '../../src/evidence/clients/recording.ts'
import type { Recording } from '../../src/evidence/clients/recording.ts'
import { parseAsk, readSituation, SCENARIOS } from '../situation.ts'

const FIRST = 'istioctl proxy-status -o json'
const SECOND = 'istioctl proxy-status --revision canary -o json'

interface Status {
  resources: { node: { id: string } }[]
  controlPlane: { identifier: string }
}
interface Pod {
  metadata: { name: string; labels: Record<string, string>; annotations: Record<string, string> }
}

/** A healthy mesh, had it two revisions of istiod, catalog-v2 being the canary's: asked for no revision in particular, istioctl asks the default one. */
function withCanary(known = true): Recording {
  // Proxies that have only just started have some time to connect.
  const text = readFileSync(join(SCENARIOS, 'chapter-10/mended/recording.json'), 'utf8').replaceAll(
    /"startedAt":"[^"]+"/g,
    '"startedAt":"2026-01-01T00:00:00Z"',
  )
  const { madeAt, calls } = parseRecording(text)
  const isCanary = ({ node }: Status['resources'][number]): boolean => node.id.startsWith('catalog-v2-')
  const next = calls.flatMap((one): Recording['calls'] => {
    if (!('json' in one)) return [one]
    if (one.call === FIRST) {
      const status = one.json as Status
      return [
        { call: FIRST, json: { ...status, resources: status.resources.filter((resource) => !isCanary(resource)) } },
        {
          call: SECOND,
          json: {
            controlPlane: { identifier: '{"Component":"istiod","ID":"istiod-canary-1","Info":{"version":"1.31.0"}}' },
            resources: known ? status.resources.filter(isCanary) : [],
          },
        },
      ]
    }
    const pods = one.json as Pod[]
    if (one.call.endsWith('-l app=istiod'))
      return [
        {
          call: one.call,
          json: [
            ...pods,
            ...pods.map((pod) => ({
              ...pod,
              metadata: {
                ...pod.metadata,
                name: 'istiod-canary-1',
                labels: { ...pod.metadata.labels, 'istio.io/rev': 'canary' },
              },
            })),
          ],
        },
      ]
    if (one.call !== 'kubernetes list pods.v1 -n istioinaction') return [one]
    return [
      {
        call: one.call,
        json: pods.map((pod) =>
          pod.metadata.name.startsWith('catalog-v2-')
            ? {
                ...pod,
                metadata: {
                  ...pod.metadata,
                  annotations: {
                    ...pod.metadata.annotations,
                    'istio.io/rev': 'canary',
                    'sidecar.istio.io/status': '{"revision":"canary"}',
                  },
                },
              }
            : pod,
        ),
      },
    ]
  })
  return { madeAt, calls: next }
}
const asked = (recording: Recording) =>
  examine(parseAsk(readSituation('chapter-10').ask), replayClients(recording), CHECKS)
const withoutSecond = ({ madeAt, calls }: Recording): Recording => ({
  madeAt,
  calls: calls.filter(({ call }) => call !== SECOND),
})

describe('two revisions of istiod', () => {
  it('are both asked for their proxies, and nothing is found of a mesh that works', async () => {
    const { verdict, findings, plan } = await asked(withCanary())
    expect({ verdict, findings }).toEqual({ verdict: 'healthy', findings: [] })
    expect(plan.map(({ command }) => command)).toEqual(expect.arrayContaining([FIRST, SECOND]))
  })

  it('leave open what the one says that cannot be asked', async () => {
    const { verdict, findings, skipped } = await asked(withoutSecond(withCanary()))
    expect({ verdict, findings }).toEqual({ verdict: 'unclear', findings: [] })
    expect(skipped.map(({ check }) => check)).toContain('proxy-not-connected')
  })

  it('do not hide a proxy that its own istiod does not know', async () => {
    const { cause } = await asked(withCanary(false))
    expect(cause?.finding).toMatchObject({ code: 'MESH0203', subject: { kind: 'Deployment', name: 'catalog-v2' } })
  })

  it('are both in the status of the mesh', async () => {
    const { madeAt, calls } = withCanary()
    const pods = calls.flatMap((one) =>
      one.call.startsWith('kubernetes list pods.v1') && 'json' in one ? (one.json as Pod[]) : [],
    )
    const status = await meshStatus(
      replayClients({ madeAt, calls: [...calls, { call: 'kubernetes list pods.v1 -A', json: pods }] }),
    )
    expect(new Set(status.proxies.map(({ state }) => state))).toEqual(new Set(['synced']))
    expect(status.proxies.map(({ istiod }) => istiod)).toContain('istiod-canary-1')
  })
})
