import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { payload, sourceOfRule } from '../alerts/payload.ts'
import { startRecordedCluster, type RecordedCluster } from './recorded-cluster.ts'

let cluster: RecordedCluster
let folder: string
beforeAll(async () => {
  cluster = await startRecordedCluster('chapter-10/ill')
  folder = mkdtempSync(join(tmpdir(), 'mesh-medic-alerts-'))
  writeFileSync(
    join(folder, 'config.yaml'),
    [
      'channels:',
      '  C_SHOP1: {alerts: {namespaces: [istioinaction]}}',
      'alerts:',
      '  mapping: [{alertname: Watchdog, target: "catalog.{{ns}}"}]',
      '',
    ]
      .join('\n')
      .replace('C_SHOP1', 'C0SHOP'),
  )
})
afterAll(async () => {
  await cluster.close()
  rmSync(folder, { recursive: true, force: true })
})

const saved = (body: unknown): string => {
  const file = join(folder, 'payload.json')
  writeFileSync(file, typeof body === 'string' ? body : JSON.stringify(body))
  return file
}
const explained = async (body: unknown, more: readonly string[] = [], env: Record<string, string> = {}) =>
  cluster.runHere(['alerts', 'explain', saved(body), ...more], {
    MESH_MEDIC_CONFIG: join(folder, 'config.yaml'),
    ...env,
  })

describe('mesh-medic alerts explain', () => {
  it('target, why, and the channel', async () => {
    const { exitCode, stdout } = await explained(payload('alertmanager'))
    expect(exitCode).toBe(0)
    expect(stdout).toBe(
      [
        'alertmanager, receiver team-shop: 1 alert',
        '',
        'IstioHighErrorRate (firing since 2026-11-30T09:12:43.123Z)',
        '  target   catalog.istioinaction, by rule 2: destination_service="catalog.istioinaction.svc.cluster.local"',
        '  before   mesh_target and own mapping: none of 1 fits',
        '  caller   istio-ingressgateway.istio-system',
        '  symptom  UH, 5..',
        '  cluster  not named',
        '  owner    shop',
        '  channel  C0SHOP: it takes namespace istioinaction',
        '',
      ].join('\n'),
    )
  })

  it('nothing names a workload: what was tried and what would help, exit code 3', async () => {
    const body = payload('alertmanager')
    body.alerts[0].labels = { alertname: 'Errors', severity: 'page' }
    const { exitCode, stdout } = await explained(body)
    expect(exitCode).toBe(3)
    expect(stdout).toContain('  target   none. No label names a workload.\n')
    expect(stdout).toContain('  tried    destination_*: no such label\n')
    expect(stdout).toContain(
      'Add the label or annotation `mesh_target` to the rule, or a mapping under `alerts.mapping`.',
    )
    expect(stdout).toContain('  channel  none: no channel takes alerts without a namespace, receiver team-shop')
  })

  it('an expression whose labels were summed away, as JSON', async () => {
    const body = payload('alertmanager')
    body.alerts[0].labels = { alertname: 'CatalogErrors' }
    body.alerts[0].generatorURL = sourceOfRule(
      'sum(rate(istio_requests_total{destination_service_name="catalog",destination_service_namespace="istioinaction"}[5m])) > 1',
    )
    const { exitCode, stdout } = await explained(body, ['-o', 'json'])
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      source: 'alertmanager',
      alerts: [{ target: { text: 'catalog.istioinaction', rank: 8 }, route: { channel: 'C0SHOP' } }],
    })
  })

  it('of Grafana and PagerDuty', async () => {
    expect((await explained(payload('grafana'))).stdout).toContain('deploy/catalog.istioinaction, by rule 2')
    expect((await explained(payload('pagerduty'))).stdout).toContain('pagerduty, receiver Shop: 1 alert')
  })

  it('an objective of sloth, by the rules of Prometheus', async () => {
    const prometheus = createServer((request, response) => {
      expect(request.url).toBe('/api/v1/rules')
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify({
          status: 'success',
          data: {
            groups: [
              {
                name: 'sloth',
                rules: [
                  {
                    name: 'slo:sli',
                    query: 'x{destination_service="catalog.istioinaction.svc.cluster.local"}',
                    labels: { sloth_id: 'a' },
                  },
                  { name: 'odd' },
                ],
              },
            ],
          },
        }),
      )
    })
    await new Promise<void>((resolve) => prometheus.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(prometheus.address() as AddressInfo).port}`
    const body = payload('alertmanager')
    body.alerts[0].labels = { alertname: 'Slo', sloth_id: 'a', sloth_severity: 'page' }
    const { stdout } = await explained(body, [], { PROMETHEUS_URL: url })
    prometheus.closeAllConnections()
    prometheus.close()
    expect(stdout).toContain('catalog.istioinaction, by rule 7: the rules with sloth_id="a"')
    const without = await explained(body, [], { PROMETHEUS_URL: url })
    expect(without.stderr).toContain('The rules behind objectives were not read')
    expect(without.stdout).toContain('target   none')
  })

  it.each([
    ['another version', { ...payload('alertmanager'), version: '3' }, 'only version 4 is understood'],
    ['no JSON', '{', 'is not JSON'],
    ['something else', { text: 'hello' }, 'This is none of the payloads that are understood'],
  ])('%s: bad usage, with the reason', async (_, body, why) => {
    const { exitCode, stdout, stderr } = await explained(body)
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' })
    expect(stderr).toContain(why)
  })

  it('a file that is not there, and characters that would be obeyed', async () => {
    expect((await cluster.runHere(['alerts', 'explain', join(folder, 'none.json')])).exitCode).toBe(64)
    const body = payload('alertmanager')
    body.alerts[0].labels.alertname = 'a\u001b[31mred\nline'
    expect((await explained(body)).stdout).not.toContain('\u001b')
  })
})
