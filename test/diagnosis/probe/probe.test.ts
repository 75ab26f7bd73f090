import { afterEach, describe, expect, it } from 'vitest'
import { CHECKS } from '../../../src/checks/index.ts'
import { examine } from '../../../src/diagnosis/examine.ts'
import type { PlannedProbes } from '../../../src/diagnosis/probe/probing.ts'
import type { Report } from '../../../src/diagnosis/report.ts'
import { UnseenError } from '../../../src/evidence/clients/clients.ts'
import type { HttpMatch, VirtualService } from '../../../src/mesh/objects.ts'
import { parseTarget } from '../../../src/mesh/target-query.ts'
import { replay } from '../../replay.ts'
import { probedMesh, type ProbedMesh, type ProbedMeshOptions } from '../../probed-mesh.ts'

/** Lines come at once or never. */
const WITHIN = 0
const TARGET = parseTarget('catalog', 'istioinaction')

describe('a probe', () => {
  let mesh: ProbedMesh
  const told: PlannedProbes[] = []
  afterEach(async () => {
    told.length = 0
    await mesh.close()
  })

  async function diagnosed(from: string, options: ProbedMeshOptions, isProbed = true): Promise<Report> {
    mesh = await probedMesh(from, options)
    return examine(TARGET, mesh.clients, CHECKS, {
      ...(isProbed && { probe: { within: WITHIN } }),
      progress: {
        probes(planned) {
          // What is about to be sent is said before it is.
          expect(mesh.received).toEqual([])
          told.push(planned)
          return Promise.resolve()
        },
      },
    })
  }
  const byGateway = ({ requests }: Report): Report['requests'] =>
    requests.filter(({ host }) => host === 'catalog.istioinaction.io')
  const matching =
    (match: HttpMatch) =>
    (one: VirtualService): VirtualService => ({
      ...one,
      spec: { ...one.spec, http: (one.spec?.http ?? []).map((route) => ({ ...route, match: [match] })) },
    })

  it('is not sent unless it is asked for', async () => {
    const report = await diagnosed('chapter-10/ill', { answer: { code: 503 } }, false)
    expect(mesh.received).toEqual([])
    expect(report).toMatchObject({ verdict: 'ill', cause: { finding: { code: 'MESH0101', standing: 'live' } } })
    expect(report.probing).toBeUndefined()
  })

  it('makes what is live observed, and says that it was ours', async () => {
    const report = await diagnosed('chapter-10/ill', { answer: { code: 503, flags: 'NC cluster_not_found' } })
    expect(report).toMatchObject({ verdict: 'ill', cause: { finding: { code: 'MESH0101', standing: 'observed' } } })
    expect(report.cause?.finding.because.map(({ quote = '' }) => quote).join('\n')).toContain('(a probe by mesh-medic)')
    expect(byGateway(report)).toMatchObject([{ seen: 1, failed: 1, probes: 1, outcome: 'fails' }])
    // Foreseen to fail and failed: nothing is to be made surer by a second one.
    expect(mesh.received).toHaveLength(1)
    const [received] = mesh.received
    const [sent] = report.probing?.sent ?? []
    expect(received).toMatchObject({ method: 'GET', path: '/', headers: { host: 'catalog.istioinaction.io' } })
    expect(received?.headers).toMatchObject({ 'x-request-id': sent?.id, 'x-mesh-medic-probe': sent?.id })
    expect(mesh.connected).toMatchObject([{ pod: { namespace: 'istio-system' }, port: 8080 }])
    expect(sent).toMatchObject({ code: 503, counts: true, logged: [{ namespace: 'istio-system' }] })
    expect(sent?.says).toMatch(/^it was answered 503 \(NC\), found in the logs of istio-ingressgateway-/)
  })

  it('says which classes get none, and why', async () => {
    const report = await diagnosed('chapter-10/ill', { answer: { code: 503, flags: 'NC cluster_not_found' } })
    const left = report.probing?.left ?? []
    expect(told).toMatchObject([{ send: [{ authority: 'catalog.istioinaction.io' }], left }])
    expect(left.map(({ why }) => why)).toContain(
      'its caller is inside the mesh: only requests through a gateway are probed',
    )
  })

  it('that is answered confirms what is foreseen: observed where nothing was seen', async () => {
    const report = await diagnosed('chapter-10/mended', { answer: { code: 200 } })
    expect(report.verdict).toBe((await replay('chapter-10/mended')).verdict)
    expect(byGateway(report)).toMatchObject([{ seen: 1, failed: 0, probes: 1, outcome: 'arrives' }])
    expect(report.probing?.sent).toMatchObject([
      { code: 200, counts: true, logged: [{}, { namespace: 'istioinaction' }] },
    ])
    expect(mesh.received).toHaveLength(1)
  })

  it('that the application refuses has arrived', async () => {
    for (const code of [404, 302, 403]) {
      const report = await diagnosed('chapter-10/mended', { answer: { code } })
      expect(byGateway(report), String(code)).toMatchObject([{ outcome: 'arrives', probes: 1 }])
      expect(report.probing?.sent[0]?.says, String(code)).toContain("the application's own answer")
    }
  })

  it('that fails against what is configured is sent once more, and then makes ill', async () => {
    const report = await diagnosed('chapter-10/mended', { answer: { code: 503, inner: 'UF upstream_reset' } })
    expect(mesh.received).toHaveLength(2)
    expect(report.verdict).toBe('ill')
    expect(byGateway(report)).toMatchObject([{ seen: 2, failed: 2, probes: 2, outcome: 'fails' }])
  })

  it('that fails and is in no log makes nothing healthy', async () => {
    const report = await diagnosed('chapter-10/mended', { answer: { code: 503, isLogged: false } })
    expect(report.verdict).toBe('unclear')
    expect(report.probing?.sent).toMatchObject([{ code: 503, counts: false, logged: [] }])
    expect(report.probing?.sent[0]?.says).toContain('access logging may be off')
  })

  it('that is answered and is in no log counts for nothing', async () => {
    const report = await diagnosed('chapter-10/mended', { answer: { code: 200, isLogged: false } })
    expect(byGateway(report)).toMatchObject([{ seen: 0, outcome: 'arrives' }])
    expect(report.probing?.sent).toMatchObject([{ code: 200, counts: false, logged: [] }])
  })

  it("is no evidence where a proxy's refusal depends on who asks", async () => {
    const report = await diagnosed('chapter-10/mended', { answer: { code: 403, flags: '- rbac_access_denied' } })
    expect(report.probing?.sent).toMatchObject([{ code: 403, counts: false }])
    expect(report.verdict).toBe((await replay('chapter-10/mended')).verdict)
  })

  it('that may not be sent leaves everything as it was, with the rule that is missing', async () => {
    const permission = { verb: 'create', group: '', resource: 'pods/portforward', namespace: 'istio-system' }
    const refused = (): Promise<never> =>
      Promise.reject(new UnseenError('forbidden', 'pods is forbidden', { permission }))
    for (const from of ['chapter-10/ill', 'chapter-10/mended']) {
      const { probing, ...report } = await diagnosed(from, { portForward: refused })
      expect(report.verdict, from).toBe((await replay(from)).verdict)
      expect(report.requests.every(({ probes }) => probes === undefined)).toBe(true)
      expect(probing?.sent[0]?.says).toContain(
        'it was not sent: pods is forbidden (forbidden); missing rule: {apiGroups',
      )
    }
  })

  it('is a HEAD where a route asks for one, with the path and headers that it asks for', async () => {
    await diagnosed('chapter-10/ill', {
      answer: { code: 503, flags: 'NC cluster_not_found' },
      routes: matching({
        uri: { prefix: '/items' },
        method: { exact: 'HEAD' },
        headers: { 'x-canary': { exact: 'yes' } },
      }),
    })
    expect(mesh.received).toMatchObject([{ method: 'HEAD', path: '/items', headers: { 'x-canary': 'yes' } }])
  })

  it.each<[string, HttpMatch, string]>([
    [
      'a method that changes something',
      { method: { exact: 'POST' } },
      'its method is POST: only GET and HEAD are sent',
    ],
    ['a path that is not known', { uri: { regex: '/items/[0-9]+' } }, 'its route asks by regular expressions'],
  ])('is not sent for %s', async (_, match, why) => {
    const report = await diagnosed('chapter-10/ill', { routes: matching(match) })
    expect(mesh.received).toEqual([])
    expect(report.probing?.sent).toEqual([])
    expect(report.probing?.left.map((one) => one.why).join('\n')).toContain(why)
  })

  it('on a recording is said not to have been sent', async () => {
    const report = await diagnosed('chapter-10/ill', {
      portForward: () => Promise.reject(new UnseenError('unavailable', 'no cluster')),
    })
    expect(report.probing?.sent).toMatchObject([{ counts: false, logged: [] }])
    expect(report).toMatchObject({ verdict: 'ill', cause: { finding: { standing: 'live' } } })
  })
})
