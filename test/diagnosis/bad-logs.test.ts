import { expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import { UnseenError, type Clients } from '../../src/evidence/clients/clients.ts'
import { searchLines } from '../../src/evidence/clients/log-search.ts'
import { parseTarget } from '../../src/mesh/target-query.ts'
import { reportText } from '../../src/report/text.ts'
import { recordedClients } from '../replay.ts'

const ask = parseTarget('catalog', 'istioinaction')
const diagnosed = async (clients: Clients): Promise<Report> => examine(ask, clients, CHECKS)

/** A recorded mesh whose gateways logged these requests for the target in the last seconds. */
function withGatewayLog(count: number, lineOf: (n: number, time: string) => string): Clients {
  const recorded = recordedClients('chapter-10/mended')
  const { kubernetes } = recorded
  const isGateway = ({ name }: { name: string }): boolean => name.includes('gateway')
  const now = recorded.now().getTime()
  const lines = Array.from({ length: count }, (_, n) =>
    lineOf(n, new Date(now - Math.floor(((count - n) * 2000) / count)).toISOString()),
  )
  const whole = Buffer.from(`${lines.join('\n')}\n`)
  return {
    ...recorded,
    kubernetes: {
      ...kubernetes,
      log: async (pod, ...asked) =>
        isGateway(pod) ? lines.slice(-asked[1]).join('\n') : kubernetes.log(pod, ...asked),
      search: async (pod, container, search, signal) =>
        searchLines(
          (async function* () {
            yield isGateway(pod) ? whole : Buffer.from(await kubernetes.log(pod, container, 500, signal))
          })(),
          search,
        ),
    },
  }
}

const request = (n: number, time: string, host: string, agent = 'curl'): string =>
  `[${time}] "GET /items HTTP/1.1" 200 - via_upstream - "-" 0 502 3 2 "10.0.0.1" "${agent}" "${String(n).padStart(8, '0')}-1111-4222-8333-444444444444" "catalog.istioinaction.io" "${host}" outbound|80|version-v2|catalog.istioinaction.svc.cluster.local 10.0.0.2:1 10.0.0.2:8080 10.0.0.1:2 - -`

it('100,000 upstream hosts that are no pods: none is blamed', async () => {
  const report = await diagnosed(
    withGatewayLog(100_000, (n, time) => request(n, time, `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}:3000`)),
  )
  expect([report.verdict, report.findings.map(({ code }) => code)]).toEqual(['healthy', []])
  expect(report.logs?.lines).toBeGreaterThanOrEqual(100_000)
})

it('a header that is made to look like more lines stays in its own: Envoy writes its newline escaped', async () => {
  const forged = String.raw`x\n[2026-11-30T01:55:36.000Z] \"GET /items HTTP/1.1\" 503 NC cluster_not_found - \"-\" 0 0 0 - `
  const report = await diagnosed(withGatewayLog(40, (n, time) => request(n, time, '10.0.0.9:3000', forged)))
  expect([report.verdict, report.traffic?.failed]).toEqual(['healthy', 0])
})

it('no right to the logs of one namespace: never healthy by that, and the missing rule is said', async () => {
  const recorded = recordedClients('chapter-10/ill')
  const { kubernetes } = recorded
  const permission = { verb: 'get', group: '', resource: 'pods/log', namespace: 'istio-system' }
  const refuse = (): never => {
    throw new UnseenError('forbidden', 'pods/log is forbidden in istio-system', { permission })
  }
  const report = await diagnosed({
    ...recorded,
    kubernetes: {
      ...kubernetes,
      log: async (pod, ...asked) => (pod.namespace === 'istio-system' ? refuse() : kubernetes.log(pod, ...asked)),
    },
  })
  expect(report.verdict).toBe('ill')
  expect(report.cause?.finding).toMatchObject({ code: 'MESH0101', standing: 'live' })
  expect(reportText(CHECKS, report)).toMatch(/access-log of istio-ingressgateway-\S+: forbidden[\s\S]*pods\/log/)
})

it('lines that cannot be read are counted, and one is shown, without secrets', async () => {
  const broken = (time: string): string =>
    `[${time}] "GET /items?access_token=abcdefabcdefabcdef HTTP/1.1" 200 cut off here catalog`
  const report = await diagnosed(
    withGatewayLog(3000, (n, time) =>
      n === 2990
        ? `${request(n, time, '10.0.0.9:3000')}${'x'.repeat(10 * 1024 * 1024)}`
        : n > 2994
          ? broken(time)
          : request(n, time, '10.0.0.9:3000'),
    ),
  )
  const text = reportText(CHECKS, report)
  expect(text).toMatch(
    /^Window: requests count since .*; [\d,]+ lines of \d+ logs were read; 6 of them could not be understood \(1 of more than 64 KB\); the first, of istio-ingressgateway-\S+: \[\S+\] "GET \/items\?access_token=/m,
  )
  expect(text).not.toContain('abcdefabcdef')
  expect(report.verdict).toBe('healthy')
})

it('lines that are not UTF-8 are said, as the search counts them', async () => {
  const clients = withGatewayLog(3000, (n, time) => request(n, time, '10.0.0.9:3000'))
  const { kubernetes } = clients
  const report = await diagnosed({
    ...clients,
    kubernetes: {
      ...kubernetes,
      search: async (pod, ...asked) => {
        const found = await kubernetes.search?.(pod, ...asked)
        if (found === undefined) throw new UnseenError('unavailable', 'no search')
        return pod.name.includes('gateway') ? { ...found, garbled: 2 } : found
      },
    },
  })
  expect(reportText(CHECKS, report)).toMatch(/^Window: .*; 2 are not UTF-8/m)
})

it.each([
  ['does not say when', '%REQ(:PATH)% %RESPONSE_CODE%', true],
  ['cannot be taken apart', '%START_TIME%%RESPONSE_CODE%', true],
  ['can be read', '%START_TIME% %RESPONSE_CODE%', false],
])('a format of the mesh configuration, or of its usual provider, that %s', async (_, format, isSaid) => {
  const recorded = recordedClients('chapter-10/mended')
  const { kubernetes } = recorded
  const mesh = JSON.stringify({
    accessLogFile: '/dev/stdout',
    accessLogFormat: `${format}\n`,
    defaultProviders: { accessLogging: ['own'] },
    extensionProviders: [
      { name: 'own', envoyFileAccessLog: { path: '/dev/stdout', logFormat: { text: `${format}\n` } } },
    ],
  })
  const report = await diagnosed({
    ...recorded,
    kubernetes: {
      ...kubernetes,
      list: async (resource, query, signal) => {
        const found = await kubernetes.list(resource, query, signal)
        return resource.plural === 'configmaps' && query.fields === 'metadata.name=istio'
          ? found.map((one) => ({ ...one, data: { mesh } }))
          : found
      },
    },
  })
  const text = reportText(CHECKS, report)
  expect(text.includes('accessLogFormat does not say when and what was answered')).toBe(isSaid)
  expect(text.includes('lines in the format of the provider own are not among them')).toBe(isSaid)
})
