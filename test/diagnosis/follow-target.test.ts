import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import { reportJson } from '../../src/report/json.ts'
import { reportMarkdown } from '../../src/report/markdown.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import { reportText } from '../../src/report/text.ts'
import { parseRecording, recordClients, replayClients } from '../../src/evidence/clients/recording.ts'
import { recordedClients, replay } from '../replay.ts'
import { parseAsk, SCENARIOS } from '../situation.ts'

const ASK = 'catalog -n istioinaction'

/** A recorded mesh with its text changed, diagnosed. */
function changed(from: string, change: (text: string, call: string) => string, ask = ASK): Promise<Report> {
  const recording = parseRecording(readFileSync(join(SCENARIOS, from, 'recording.json'), 'utf8'))
  const calls = recording.calls.map((entry) => {
    if (entry.text !== undefined) return { ...entry, text: change(entry.text, entry.call) }
    return entry.json === undefined
      ? entry
      : { ...entry, json: JSON.parse(change(JSON.stringify(entry.json), entry.call)) as unknown }
  })
  return examine(parseAsk(ask), replayClients({ ...recording, calls }), CHECKS)
}

const isGatewayLog = (call: string): boolean => /log.*istio-ingressgateway/.test(call)

describe('the way of a request in a diagnosis', () => {
  it('goes through the gateway, for the path that callers ask for', async () => {
    const { follow } = await replay('chapter-10/ill')
    expect(follow).toMatchObject({
      caller: { kind: 'ingress' },
      request: { method: 'GET', host: 'catalog.istioinaction.io', path: '/items' },
      dies: 'cluster',
      outcome: 'dies',
    })
  })

  it('goes for the path that was asked, whatever callers ask for', async () => {
    const { follow } = await replay('chapter-10/ill', 'http://catalog.istioinaction.io/other')
    expect(follow).toMatchObject({ request: { path: '/other' }, dies: 'cluster' })
  })

  it("starts at the target's own sidecar where no gateway leads to it", async () => {
    const { follow } = await replay('not-http-on-http-port/mended')
    expect(follow).toMatchObject({
      caller: { kind: 'sidecar', pod: { namespace: 'istioinaction' } },
      request: { host: 'echo.istioinaction.svc.cluster.local' },
      dies: null,
    })
  })

  it("is a call of the target's own when nothing calls it", async () => {
    const { follow } = await replay('blocked-outbound/ill')
    expect(follow).toMatchObject({
      caller: { kind: 'sidecar', pod: { name: expect.stringMatching(/^client-/) as string } },
      request: { host: 'api.example.com', path: '/items' },
      dies: 'route',
    })
  })

  it("ends where its callees' proxies were not looked at, without a guess", async () => {
    const { follow } = await replay('host-hidden-from-caller/mended')
    expect(follow?.hops.map(({ stage }) => stage)).toEqual(['listener', 'route', 'cluster', 'endpoints'])
    expect(follow?.outcome).toBe('arrives')
    expect(follow?.headline).toContain('leaves for catalog')
  })

  it.each([
    [
      'gateway-port',
      /listens on port 8888, and no Service in front of it has that port \(Service istio-system\/istio-ingressgateway\): it cannot be reached from outside/,
    ],
    ['gateway-selector', /^No running gateway pod has the labels/],
    [
      'gateway-certificate-missing',
      /has no certificate kubernetes:\/\/catalog-certificate \(WARMING\): no TLS connection is established/,
    ],
    [
      'gateway-certificate-expired',
      /The certificate kubernetes:\/\/catalog-certificate is valid only from \S+ to \S+: clients reject it/,
    ],
  ])('dies at the listener: %s', async (name, says) => {
    const { follow } = await replay(`${name}/ill`)
    expect(follow?.dies).toBe('listener')
    expect(follow?.hops[0]?.says).toMatch(says)
    expect((await replay(`${name}/mended`)).follow).toMatchObject({ dies: null, outcome: 'arrives' })
  })

  it('claims no missing gateway pod when pods could not be seen', async () => {
    const recording = parseRecording(readFileSync(join(SCENARIOS, 'gateway-selector/ill/recording.json'), 'utf8'))
    const calls = recording.calls.map((entry) => {
      if (!/ pods\.v1 .*istio=ingress-gateway/.test(entry.call)) return entry
      return { call: entry.call, failed: { reason: 'forbidden' as const, detail: 'no' } }
    })
    expect(calls.filter(({ failed }) => failed !== undefined)).toHaveLength(1)
    const { follow } = await examine(parseAsk(ASK), replayClients({ ...recording, calls }), CHECKS)
    // What is shown is where the requests fail that the gateway's log tells of.
    expect(follow).toMatchObject({ caller: { kind: 'ingress' }, outcome: 'dies' })
    expect(JSON.stringify(follow)).not.toMatch(/no (gateway )?pod/i)
  })

  it('follows a caller without a sidecar from the pod on that it comes to', async () => {
    const { follow } = await examine(parseAsk(ASK), recordedClients('plaintext-caller/ill'), CHECKS)
    expect(follow).toMatchObject({
      unproxied: { pod: { kind: 'Pod', name: expect.stringMatching(/^legacy-/) as string } },
      outcome: 'dies',
      dies: 'inbound',
      hops: [{ stage: 'inbound', ok: false, sure: true, says: expect.stringContaining('accepts mTLS only') as string }],
    })
    expect(follow).not.toHaveProperty('caller')
  })

  it('makes no call of its own', async () => {
    const { clients, recording } = recordClients(recordedClients('chapter-10/mended'))
    const { plan, follow } = await examine(parseAsk(ASK), clients, CHECKS)
    expect(follow?.hops).toHaveLength(8)
    const before = parseRecording(readFileSync(join(SCENARIOS, 'chapter-10/mended/recording.json'), 'utf8')).calls.map(
      ({ call }) => call,
    )
    expect(recording.calls.map(({ call }) => call).filter((call) => !before.includes(call))).toEqual([])
    expect(plan.every(({ outcome }) => outcome === 'seen')).toBe(true)
  })
})

describe("what a log holds is somebody else's", () => {
  it.each([
    ['a path with a token', '/items?access_token=abcdefabcdefabcdef', 'abcdefabcdef'],
    ['a path with markup', '/items?<!channel>', undefined],
    ['a path that is too long', `/${'x'.repeat(3000)}`, 'xxxxxxxxxx'],
    ['no path at all', 'items', undefined],
  ])('%s', async (_name, path, secret) => {
    const { follow } = await changed('chapter-10/ill', (text, call) =>
      isGatewayLog(call) ? text.replaceAll('"GET /items HTTP', `"GET ${path} HTTP`) : text,
    )
    expect(follow).toMatchObject({ dies: 'cluster', caller: { kind: 'ingress' } })
    if (secret !== undefined) expect(JSON.stringify(follow)).not.toContain(secret)
  })
})

describe('it is told', () => {
  it('in a terminal, in Markdown and as JSON', async () => {
    const report = await replay('chapter-10/ill')
    // The command of a hop that does what it should is there for who asks for everything.
    const told = (command: string): RegExp =>
      new RegExp(
        String.raw`A request through the proxies, as they are configured\n {2}Fails: GET http:\S+ fails at the cluster\.\n(?: {2}- \S+ has no cluster outbound\|80\|version-v[12]\|.*\n){2}[\s\S]*✓ listener {3}0\.0\.0\.0_8080 {2}from Gateway istioinaction/catalog-gateway\n${command}[\s\S]*✗ cluster {4}outbound\|80\|version-v1\|.*\n {6}\$ istioctl proxy-config clusters `,
      )
    expect(reportText(CHECKS, report)).toMatch(told(' {2}✓ route '))
    expect(reportText(CHECKS, report, { verbose: true })).toMatch(
      told(String.raw` {6}\$ istioctl proxy-config listeners `),
    )
    expect(reportMarkdown(CHECKS, report)).toMatch(
      /## A request through the proxies\n\n[\s\S]*- ✗ cluster `outbound\|80\|version-v1\|\S+`, from Service istioinaction\/catalog/,
    )
    expect(reportJson(report)).toMatchObject({
      follow: {
        dies: 'cluster',
        hops: [
          { stage: 'listener', ok: true },
          { stage: 'route', ok: true },
          { stage: 'cluster', ok: false },
          { stage: 'cluster', ok: false },
        ],
      },
    })
  })
})
