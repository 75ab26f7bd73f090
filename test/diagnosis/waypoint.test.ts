import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import { parseRecording, replayClients } from '../../src/evidence/clients/recording.ts'
import { formatRef } from '../../src/mesh/ref.ts'
import { parseAsk } from '../situation.ts'

/**
 * A waypoint as istiod deploys it, on a cluster without ztunnel whose Envoy is not Istio's own build: its Gateway is programmed and the Service bound to it, and the waypoint's own
 * Envoy does not start, as it lacks the extension `istio.workload.BootstrapExtension`.
 */
const RECORDING = join(import.meta.dirname, 'waypoint', 'recording.json')
const diagnosed = (ask: string): Promise<Report> =>
  examine(parseAsk(ask), replayClients(parseRecording(readFileSync(RECORDING, 'utf8'))), CHECKS)

describe('a Service that is bound to a waypoint', () => {
  it('has its waypoint looked for, and the Envoy of it read; what it does not answer is not known', async () => {
    const { plan, readings, verdict } = await diagnosed('catalog -n gwapi-wp')
    expect(readings.map(({ source }) => source)).toContain(
      'kubectl get pods -n gwapi-wp -l gateway.networking.k8s.io/gateway-name=waypoint -o yaml',
    )
    const waypoint = plan.filter(({ of }) => of?.name.startsWith('waypoint-'))
    expect([...new Set(waypoint.map(({ kind }) => kind))].sort()).toEqual([
      'access-log',
      'clusters',
      'endpoints',
      'listeners',
      'routes',
      'secrets',
    ])
    expect(waypoint.filter(({ outcome }) => outcome === 'seen')).toEqual([])
    expect(verdict).toBe('unclear')
  })

  it("is not said to go past it, and the waypoint's own policies are taken", async () => {
    const { findings } = await diagnosed('catalog -n gwapi-wp')
    expect(
      findings.map(({ code }) => code).filter((code) => ['MESH0709', 'MESH0710', 'MESH0518'].includes(code)),
    ).toEqual([])
  })

  it('has policies that no waypoint takes named, by the condition as istiod writes it', async () => {
    const { findings } = await diagnosed('waypoint -n gwapi-wp')
    const found = findings.filter(({ code }) => code === 'MESH0518')
    expect(found.map(({ subject, args }) => ({ subject: formatRef(subject), reason: args.reason }))).toEqual([
      {
        subject: 'AuthorizationPolicy gwapi-wp/unbound',
        reason: 'AncestorNotBound, Service gwapi-wp/waypoint is not bound to a waypoint',
      },
    ])
  })
})
