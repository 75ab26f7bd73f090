import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../src/diagnosis/report.ts'
import { SCENARIOS } from '../situation.ts'
import { meshMedic } from './cli.ts'
import { filled, kubectl, resetNamespace, until } from './mesh.ts'

/** A namespace and a host of its own: nobody else asks for it, so that all that is observed is the probe. */
const SHOP = 'probe-live'
const HOST = 'catalog.probe-live.example'
const ASK = ['diagnose', 'catalog', '-n', SHOP]

const apply = (...names: string[]): Promise<string> =>
  kubectl(
    ['-n', SHOP, 'apply', '-f', '-'],
    names
      .map((name) => filled(readFileSync(join(SCENARIOS, 'manifests', `${name}.yaml`), 'utf8')))
      .join('\n---\n')
      .replaceAll('catalog.istioinaction.io', HOST)
      .replaceAll('istioinaction.svc', `${SHOP}.svc`),
  )

const byGateway = ({ requests }: Report): Report['requests'] => requests.filter(({ host }) => host === HOST)

describe('diagnose --probe, where there is no traffic', () => {
  beforeAll(async () => {
    await resetNamespace(SHOP)
    await apply('service', 'catalog', 'gateway', 'virtual-service-subsets')
    await kubectl(['-n', SHOP, 'wait', '--for=condition=Ready', 'pod', '--all', '--timeout=120s'])
    await until('the gateway to have the route', 60, async () => {
      const { report } = await meshMedic(ASK)
      return byGateway(report).some(({ foreseen }) => foreseen === 'fails')
    })
  })
  afterAll(() => kubectl(['delete', 'namespace', SHOP, '--wait=false', '--ignore-not-found']))

  it('without it: ill, live, and nothing is sent', async () => {
    const { report } = await meshMedic(ASK)
    expect(report).toMatchObject({ verdict: 'ill', cause: { finding: { code: 'MESH0101', standing: 'live' } } })
    expect(byGateway(report)).toMatchObject([{ seen: 0 }])
    expect(report.probing).toBeUndefined()
  })

  it('an ill route: observed, and found in the log of the gateway', async () => {
    const { report, stderr } = await meshMedic([...ASK, '--probe'])
    expect(report).toMatchObject({ verdict: 'ill', cause: { finding: { code: 'MESH0101', standing: 'observed' } } })
    expect(byGateway(report)).toMatchObject([{ seen: 1, failed: 1, probes: 1, outcome: 'fails' }])
    expect(report.probing?.sent).toMatchObject([{ code: 503, counts: true, logged: [{ kind: 'Pod' }] }])
    expect(stderr).toContain("Sending one probe through the gateway's own pod")
  })

  it('its healthy twin: arrives, found in the logs of the gateway and of the pod behind it', async () => {
    await apply('destination-rule')
    await until('the gateway to have the subsets', 60, async () => {
      const { report } = await meshMedic(ASK)
      return byGateway(report).some(({ foreseen }) => foreseen === 'arrives')
    })
    const { report, exitCode } = await meshMedic([...ASK, '--probe'])
    expect(exitCode).toBe(0)
    expect(byGateway(report)).toMatchObject([{ seen: 1, failed: 0, probes: 1, outcome: 'arrives' }])
    expect(report.probing?.sent).toMatchObject([{ counts: true, logged: [{}, { namespace: SHOP }] }])
  })
})
