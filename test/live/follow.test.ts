import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openClients } from '../../src/cli/clients.ts'
import type { FollowReport, Hop } from '../../src/diagnosis/follow/report.ts'
import type { FollowQuestion } from '../../src/diagnosis/follow/question.ts'
import { parseFollow } from '../../src/diagnosis/follow/question.ts'
import { callerOf } from '../../src/diagnosis/follow/caller.ts'
import { followIn } from '../../src/diagnosis/follow-in.ts'
import {
  calleePods,
  planCallees,
  planCalleeProxy,
  planCallerProxy,
  planCallers,
  planFollow,
} from '../../src/diagnosis/follow.ts'
import { Evidence } from '../../src/evidence/evidence.ts'
import { Gathering } from '../../src/evidence/gather.ts'
import type { AnyStep } from '../../src/evidence/step.ts'
import type { AccessLogLine } from '../../src/mesh/access-log.ts'
import { parseAccessLog } from '../../src/mesh/access-log.ts'
import { isAddress } from '../../src/mesh/walk/address.ts'
import { readSituation } from '../situation.ts'
import { certificate } from './certificate.ts'
import { INGRESS, kubectl, makeIll, mend, NAMESPACE as BOOK, resetNamespace, until } from './mesh.ts'

const NAMESPACE = 'walk-live'
const IMAGE = process.env.MESH_MEDIC_TEST_IMAGE ?? 'docker.io/istioinaction/catalog:latest'
const TOOLS = process.env.MESH_MEDIC_TEST_TOOLS ?? 'docker.io/lab/tools:dev'
const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')

interface Sent {
  id: string
  host: string
  port?: number
  path: string
  method: string
  headers: Record<string, string>
}

/** Numbers that are the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 2 ** 32
  }
}

const PATHS = [
  '/exact',
  '/exact/',
  '/exactly',
  '/exact?x=1',
  '/CASE/1',
  '/case',
  '/items/12',
  '/items/1',
  '/items/12345',
  '/items/123?q=1',
  '/posix/abc/12',
  '/POSIX/abc/',
  '/posix/12/12',
  '/h',
  '/help',
  '/h/1',
  '/without',
  '/absent/1',
  '/q?page=1',
  '/q?page=7',
  '/q?page=77',
  '/q?all',
  '/q?x=1&all=',
  '/q?page=%31',
  '/q',
  '/m',
  '/missing',
  '/mirror/1',
  '/weighted',
  '/weighted/2',
  '/old/1',
  '/teapot',
  '/teapot/',
  '/fault/1',
  '/rewrite/7',
  '/empty',
  '/nobody',
  '/alt',
  '/authority',
  '/nothing',
  '/',
  '/items',
  '/a/../exact',
  '/./weighted',
  '//exact',
  '/%65xact',
  '/it%2Fems',
]
const METHODS = ['GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE', 'PATCH']
const HEADERS: Record<string, string>[] = [
  {},
  {},
  { 'x-tier': 'gold' },
  { 'x-tier': 'silver' },
  { 'x-tier': 'bronze' },
  { 'x-flag': 'on' },
  { 'x-tier': 'GOLD', 'x-flag': '' },
]

/** Requests that follow-policies.yaml tells apart. */
const GUARDED: Pick<Sent, 'path'>[] & Partial<Sent>[] = [
  { path: '/open' },
  { path: '/open', method: 'POST' },
  { path: '/items' },
  { path: '/items/1?x=/secret' },
  { path: '/secret' },
  { path: '/secrets/1' },
  { path: '/edge/1' },
  { path: '/edge' },
  { path: '/token' },
  { path: '/token', headers: { authorization: 'Bearer a.b.c' } },
  { path: '/token', headers: { authorization: 'Basic eA==' } },
  { path: '/flagged' },
  { path: '/flagged', headers: { 'x-flag': 'on' } },
  { path: '/elsewhere' },
  { path: '/items', method: 'DELETE' },
  { path: '/' },
]

function generated(count: number, seed: number, hosts: readonly Pick<Sent, 'host' | 'port'>[]): Sent[] {
  const random = numbers(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next().value * list.length)] as T
  return Array.from({ length: count }, (_, index) => {
    // Every path once at the host with most routes, then all in any mixture.
    const to = index < PATHS.length ? (hosts[0] as Sent) : pick(hosts)
    return {
      ...to,
      id: `walk-${seed}-${index}`,
      path: index < PATHS.length ? PATHS[index]! : pick(PATHS),
      method: index < PATHS.length ? 'GET' : pick(METHODS),
      headers: pick(HEADERS),
    }
  })
}

const client = openClients(
  { context: undefined, kubeconfig: process.env.KUBECONFIG, istioctl: process.env.ISTIOCTL },
  new AbortController(),
)

const question = ({ host, port, path, method, headers }: Sent, from: string) =>
  parseFollow(`${host}${port === undefined ? '' : `:${port}`}${path}`, {
    from,
    namespace: NAMESPACE,
    method,
    headers: Object.entries(headers).map(([name, value]) => `${name}=${value}`),
  })

const apply = (file: string): Promise<string> =>
  kubectl(
    ['-n', NAMESPACE, 'apply', '-f', '-'],
    readFileSync(join(import.meta.dirname, file), 'utf8')
      .replaceAll('$IMAGE', IMAGE)
      .replaceAll('$TOOLS', TOOLS),
  )
const podOf = async (namespace: string, labels: string): Promise<string> =>
  (await kubectl(['-n', namespace, 'get', 'pods', '-l', labels, '-o', 'jsonpath={.items[0].metadata.name}'])).trim()

/** Looks once at what every request's way is told from. */
async function lookFor(asked: FollowQuestion): Promise<(question: FollowQuestion) => FollowReport> {
  const gathering = new Gathering(client)
  const done = new Set<string>()
  const look = (steps: readonly AnyStep[]) => gathering.gather(steps.filter(({ id }) => !done.has(id) && done.add(id)))
  await look(planFollow())
  await look(planCallers(asked, new Evidence(gathering.readings)))
  const caller = callerOf(asked, new Evidence(gathering.readings))
  await look(planCallerProxy(caller))
  await look(planCallees(asked, caller, new Evidence(gathering.readings)))
  await look(calleePods(asked, caller, new Evidence(gathering.readings)).flatMap(planCalleeProxy))
  const evidence = new Evidence(gathering.readings)
  expect(evidence.readings.filter(({ ok }) => !ok)).toEqual([])
  return (other) => followIn(other, caller, evidence, { at: 'now' })
}

async function lookAt(from: string, sample: Sent): Promise<(sent: Sent) => FollowReport> {
  const follow = await lookFor(question(sample, from))
  return (sent) => follow(question(sent, from))
}

/** What the caller's proxy logged of each request. They are told apart by their user agent: a gateway writes a request id of its own. */
async function logged(
  pod: string,
  namespace: string,
  sent: readonly Sent[],
): Promise<Map<string, { cluster: string | undefined; code: number; details: string }>> {
  const wanted = new Set(sent.map(({ id }) => id))
  const text = await kubectl(['-n', namespace, 'logs', pod, '-c', 'istio-proxy', '--tail=3000'])
  return new Map(
    text.split('\n').flatMap((line) => {
      const id = /"(walk-\d+-\d+)"/.exec(line)?.[1]
      const [entry] = id !== undefined && wanted.has(id) ? parseAccessLog(line).lines : []
      return id === undefined || entry === undefined || entry.upstreamCluster?.startsWith('inbound') === true
        ? []
        : [[id, { cluster: entry.upstreamCluster, code: entry.code, details: entry.details ?? '' }] as const]
    }),
  )
}

/** Requests whose way Envoy took otherwise than predicted. */
function contradictions(
  sent: readonly Sent[],
  predict: (one: Sent) => FollowReport,
  log: Awaited<ReturnType<typeof logged>>,
): string[] {
  return sent.flatMap((one) => {
    const entry = log.get(one.id)
    const report = predict(one)
    const what = `${one.method} ${one.host}${one.port === undefined ? '' : `:${one.port}`}${one.path} ${JSON.stringify(one.headers)}: predicted ${report.dies ?? report.outcome} [${report.clusters.map(({ name }) => name).join(', ')}], Envoy: ${JSON.stringify(entry)}`
    if (entry === undefined) return [`not in the log: ${what}`]
    const { cluster, code } = entry
    if (cluster !== undefined)
      return report.clusters.some(({ name }) => name === cluster)
        ? code >= 500 && report.outcome === 'arrives'
          ? [what]
          : []
        : [what]
    // No cluster: Envoy answered itself. The walk must say so, and with the same number.
    const last = report.hops.filter(({ stage }) => stage === 'route' || stage === 'cluster')
    const says = last.map((hop) => hop.says).join(' ')
    return says.includes(String(code)) && (report.dies !== null || code < 400) ? [] : [what]
  })
}

describe('the walk against real Envoy', () => {
  beforeAll(async () => {
    await resetNamespace(NAMESPACE)
    await apply('follow-mesh.yaml')
    for (const name of ['shop-v1', 'shop-v2', 'bare', 'client'])
      await kubectl(['-n', NAMESPACE, 'rollout', 'status', `deployment/${name}`, '--timeout=150s'])
    await sleep(4000)
  })

  it('predicts the cluster of every request through the ingress gateway', async () => {
    const sent = generated(150, 7, [
      { host: 'many.walk.example.com' },
      { host: 'other.walk.example.com' },
      { host: 'a.deep.walk.example.com' },
      { host: 'walk.example.com' },
      { host: 'deep.walk.example.com' },
      { host: 'unknown.example.com' },
      { host: 'MANY.walk.example.com' },
      { host: 'many.walk.example.com', port: 80 },
    ])
    const predict = await lookAt('ingress', sent[0]!)
    for (const one of sent) await throughIngress(one)
    await sleep(2000)
    const log = await logged(await podOf('istio-system', 'istio=ingressgateway'), 'istio-system', sent)
    console.log(
      `ingress: ${sent.length} requests, ${log.size} in the access log, ${[...log.values()].filter(({ cluster }) => cluster !== undefined).length} sent on`,
    )
    expect(contradictions(sent, predict, log)).toEqual([])
  })

  it('predicts the cluster of every request from a sidecar', async () => {
    const address = (
      await kubectl(['-n', NAMESPACE, 'get', 'service', 'cart', '-o', 'jsonpath={.spec.clusterIP}'])
    ).trim()
    const sent = generated(180, 11, [
      { host: 'shop' },
      { host: `shop.${NAMESPACE}` },
      { host: `shop.${NAMESPACE}.svc.cluster.local` },
      { host: 'shop', port: 8080 },
      { host: 'shop', port: 9000 },
      { host: 'shop', port: 9100 },
      { host: 'cart' },
      { host: 'bare' },
      { host: 'nobody' },
      { host: 'headless' },
      { host: address },
      { host: `cart.${NAMESPACE}.svc` },
      { host: '10.250.0.2', port: 9090 },
      { host: 'istiod.istio-system', port: 15014 },
    ])
    const predict = await lookAt('deploy/client', sent[0]!)
    await fromClient(sent)
    await sleep(2000)
    const pod = await podOf(NAMESPACE, 'app=client')
    const log = await logged(pod, NAMESPACE, sent)
    const isTcp = ({ port }: Sent): boolean => port === 9000 || port === 9090
    const http = sent.filter((one) => !isTcp(one))
    console.log(
      `sidecar: ${sent.length} requests, of them ${http.length} HTTP, ${log.size} in the access log, ${[...log.values()].filter(({ cluster }) => cluster !== undefined).length} sent on`,
    )
    expect(contradictions(http, predict, log)).toEqual([])
    // TCP leaves connections in the log, told apart by where they went.
    const connections = parseAccessLog(
      await kubectl(['-n', NAMESPACE, 'logs', pod, '-c', 'istio-proxy', '--tail=3000']),
    ).lines
    for (const port of [9000, 9090]) {
      const over = sent.filter((one) => one.port === port)
      const lines = connections.filter(({ downstreamLocal }) => downstreamLocal?.endsWith(`:${port}`) === true)
      console.log(`sidecar, TCP port ${port}: ${over.length} requests, ${lines.length} connections in the access log`)
      expect(lines).toHaveLength(over.length)
      for (const [index, one] of over.entries())
        expect(predict(one).clusters.map(({ name }) => name)).toEqual([lines[index]?.upstreamCluster])
    }
  })

  it('predicts whom the callees let in, by mTLS, AuthorizationPolicy and token', async () => {
    await apply('follow-policies.yaml')
    await kubectl(['-n', NAMESPACE, 'rollout', 'status', 'deployment/old', '--timeout=150s'])
    await sleep(5000)
    const hosts = ['cart', 'strict', 'plain-v1', 'plain-v2', 'old', 'old-mutual', 'bare', 'bare-mutual']
    const inside: Sent[] = hosts.flatMap((host) =>
      GUARDED.map((one, index) => ({
        method: 'GET',
        headers: {},
        ...one,
        host,
        id: `walk-${hosts.indexOf(host)}-${900 + index}`,
      })),
    )
    const outside: Sent[] = GUARDED.map((one, index) => ({
      method: 'GET',
      headers: {},
      ...one,
      host: 'other.walk.example.com',
      id: `walk-50-${900 + index}`,
    }))
    // Connections from before the policies still have the filters of then: the requests that find them are not counted.
    const spare = Array.from({ length: 12 }, () => 'walk-spare')
    for (const id of spare) await throughIngress({ ...outside[0]!, id })
    await fromClient([...spare.map((id) => ({ ...inside[0]!, id })), ...inside])
    for (const one of outside) await throughIngress(one)
    await sleep(2000)
    const wrong: string[] = []
    const counts = { arrives: 0, dies: 0, unclear: 0 }
    for (const [from, list, pod, namespace] of [
      ['deploy/client', inside, await podOf(NAMESPACE, 'app=client'), NAMESPACE],
      ['ingress', outside, await podOf('istio-system', 'istio=ingressgateway'), 'istio-system'],
    ] as const) {
      const log = await logged(pod, namespace, list)
      for (const host of new Set(list.map((one) => one.host))) {
        const ofHost = list.filter((one) => one.host === host)
        const predict = await lookAt(from, ofHost[0]!)
        for (const one of ofHost) {
          const report = predict(one)
          const { code = -1 } = log.get(one.id) ?? {}
          counts[report.outcome] += 1
          const letIn = ![-1, 401, 403, 503].includes(code)
          const inbound = report.hops.find(({ stage, ok }) => stage === 'inbound' && !ok)
          const right =
            report.outcome === 'unclear'
              ? code !== -1
              : report.outcome === 'arrives'
                ? letIn
                : report.dies === 'inbound' && !letIn && inbound?.says.includes(String(code)) === true
          if (!right)
            wrong.push(
              `${one.method} ${host}${one.path} ${JSON.stringify(one.headers)}: Envoy ${code}, predicted ${report.outcome} ${inbound?.says ?? ''}`,
            )
        }
      }
    }
    console.log(`let in or not: ${inside.length + outside.length} requests, predicted ${JSON.stringify(counts)}`)
    expect(wrong).toEqual([])
    expect(counts.unclear).toBeLessThanOrEqual(counts.dies / 4)
  })

  afterAll(() => kubectl(['delete', 'namespace', NAMESPACE, '--wait=false', '--ignore-not-found']))
})

async function throughIngress({ id, host, port, path, method, headers }: Sent): Promise<void> {
  const { hostname, port: ingressPort } = new URL(INGRESS)
  await new Promise<void>((resolve) => {
    const asked = request(
      {
        hostname,
        port: ingressPort,
        path,
        method,
        headers: { ...headers, host: `${host}${port === undefined ? '' : `:${port}`}`, 'user-agent': id },
        timeout: 10_000,
      },
      (response) => {
        response.resume().on('end', () => resolve())
      },
    )
    asked.on('error', () => resolve()).on('timeout', () => asked.destroy())
    asked.end()
  })
}

/** Requests by curl in the client's pod, all in one go. */
async function fromClient(sent: readonly Sent[]): Promise<void> {
  const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
  const lines = sent.map(({ id, host, port, path, method, headers }) =>
    [
      'curl',
      '-s',
      '-o',
      '/dev/null',
      '--path-as-is',
      '-A',
      id,
      '--max-time',
      '8',
      '-X',
      method,
      ...Object.entries(headers).flatMap(([name, value]) => [
        '-H',
        quote(value === '' ? `${name};` : `${name}: ${value}`),
      ]),
      quote(`http://${host}${port === undefined ? '' : `:${port}`}${path}`),
    ].join(' '),
  )
  await kubectl(
    ['-n', NAMESPACE, 'exec', '-i', 'deploy/client', '-c', 'client', '--', 'sh'],
    `${lines.join('\n')}\ntrue\n`,
  )
}

const OUTSIDE = 'walk-tls-live'

/** A request by curl, and the address its host leads the client to. */
interface Dialled {
  url: string
  at: string
  headers?: Record<string, string>
}
/** What became of it: the status curl got, 0 for none, and what the caller's proxy logged. */
interface Answered {
  dialled: Dialled
  status: number
  entry: AccessLogLine | undefined
}

/** Each connection leaves from a port of its own, by which a log tells it, also when nothing of the request is to be seen. */
let localPort = 20_000

/** Sends requests from one workload, one after another; the proxy whose log is read is the workload's own or a gateway's. */
async function dial(from: string, dialled: readonly Dialled[], proxy: string): Promise<Answered[]> {
  const first = localPort
  localPort += dialled.length
  const lines = dialled.map(({ url, at, headers = {} }, index) => {
    const { hostname, port, protocol } = new URL(url)
    const resolved = isAddress(hostname)
      ? ''
      : `--resolve ${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}:${at}`
    return `curl -sk -o /dev/null -w '%{http_code}\\n' --max-time 5 --local-port ${first + index} ${resolved} ${Object.entries(
      headers,
    )
      .map(([name, value]) => `-H '${name}: ${value}'`)
      .join(' ')} '${url}'`
  })
  const statuses = (
    await kubectl(
      ['-n', OUTSIDE, 'exec', '-i', `deploy/${from}`, '-c', from, '--', 'sh'],
      `${lines.join('\n')}\ntrue\n`,
    )
  )
    .trim()
    .split('\n')
    .map(Number)
  await sleep(2000)
  const { lines: entries } = parseAccessLog(
    await kubectl(['-n', OUTSIDE, 'logs', await podOf(OUTSIDE, proxy), '-c', 'istio-proxy', '--tail=3000']),
  )
  return dialled.map((one, index) => ({
    dialled: one,
    status: statuses[index] ?? 0,
    entry: entries.find(({ downstreamRemote }) => downstreamRemote?.endsWith(`:${first + index}`) === true),
  }))
}

/** True for what configuration can't tell: whether a server outside the mesh answers, and whether the client shows a certificate. */
const isOpen = ({ stage, name, says }: Hop): boolean =>
  stage === 'cluster'
    ? name === 'PassthroughCluster'
    : stage === 'endpoints'
      ? name.includes('||*.')
      : stage === 'inbound'
        ? name.startsWith('outside-')
        : says.includes("asks for the client's certificate")

/** Requests that became of otherwise than predicted, or of which too little was. */
function misjudged(answered: readonly Answered[], predict: (dialled: Dialled) => FollowReport): string[] {
  return answered.flatMap(({ dialled, status, entry }) => {
    const { outcome, clusters, hops, dies, headline } = predict(dialled)
    const what = `${dialled.url} at ${dialled.at} ${JSON.stringify(dialled.headers ?? {})}: predicted ${outcome} ${dies ?? ''} [${clusters.map(({ name }) => name).join(', ')}] ${headline}; curl ${status}, Envoy ${JSON.stringify(entry)}`
    // Istio's access log has no entry for a handshake that fails.
    if (entry === undefined)
      return status === 0 &&
        hops.some(
          ({ stage, says }) =>
            stage === 'listener' && /the handshake fails|asks for the client's certificate/.test(says),
        )
        ? []
        : [`not in the log: ${what}`]
    const { upstreamCluster, code } = entry
    const isThere =
      upstreamCluster === undefined
        ? clusters.length === 0 && (code === 0 || hops.some(({ says }) => says.includes(String(code))))
        : clusters.some(({ name }) => name === upstreamCluster)
    const isTold =
      outcome === 'unclear'
        ? hops.every((hop) => hop.sure || isOpen(hop))
        : (outcome === 'dies') === (status === 0 || status >= 400)
    return isThere && isTold ? [] : [what]
  })
}

const told = (answered: readonly Answered[]): string => {
  const counts = new Map<string, number>()
  for (const { entry } of answered) {
    const to = entry?.upstreamCluster ?? `${entry?.code ?? '?'} ${entry?.flags.join() ?? ''}`
    counts.set(to, (counts.get(to) ?? 0) + 1)
  }
  return JSON.stringify(Object.fromEntries(counts))
}
const clustersOf = (answered: readonly Answered[]): (string | undefined)[] =>
  answered.map(({ entry }) => entry?.upstreamCluster)

describe("the walk against TLS that is the client's own", () => {
  let addresses: Record<'outside' | 'shop' | 'shopPod' | 'vault' | 'edge', string>
  const manifest = readFileSync(join(import.meta.dirname, 'follow-tls.yaml'), 'utf8')
    .replaceAll('$IMAGE', IMAGE)
    .replaceAll('$TOOLS', TOOLS)
    .replaceAll('$NAMESPACE', OUTSIDE)
    .replace('$CERTIFICATE', () => {
      const made = certificate('outside.example.net', -3600, 86_400)
      return `{ tls.crt: ${made.certificate}, tls.key: ${made.key}, ca.crt: ${made.certificate} }`
    })
  const ask = ({ url, headers = {} }: Dialled, from: string): FollowQuestion =>
    parseFollow(url, {
      from,
      namespace: OUTSIDE,
      headers: Object.entries(headers).map(([name, value]) => `${name}=${value}`),
    })

  beforeAll(async () => {
    await resetNamespace(OUTSIDE)
    const isEntry = (one: string): boolean => one.includes('$OUTSIDE')
    const parts = manifest.split(/^---$/m)
    await kubectl(['-n', OUTSIDE, 'apply', '-f', '-'], parts.filter((one) => !isEntry(one)).join('---'))
    for (const name of ['outside', 'client', 'kept-in', 'shop', 'edge'])
      await kubectl(['-n', OUTSIDE, 'rollout', 'status', `deployment/${name}`, '--timeout=150s'])
    const podIp = async (labels: string): Promise<string> =>
      (await kubectl(['-n', OUTSIDE, 'get', 'pods', '-l', labels, '-o', 'jsonpath={.items[0].status.podIP}'])).trim()
    const serviceIp = async (name: string): Promise<string> =>
      (await kubectl(['-n', OUTSIDE, 'get', 'service', name, '-o', 'jsonpath={.spec.clusterIP}'])).trim()
    addresses = {
      outside: await podIp('app=outside'),
      shopPod: await podIp('app=shop'),
      shop: await serviceIp('shop'),
      vault: await serviceIp('vault'),
      edge: await serviceIp('edge'),
    }
    await kubectl(
      ['-n', OUTSIDE, 'apply', '-f', '-'],
      parts.filter(isEntry).join('---').replaceAll('$OUTSIDE', addresses.outside),
    )
    await sleep(4000)
  })

  /** What both sidecars are asked to send: one lets out what nothing registers, the other does not. */
  const outbound = (): Dialled[] => {
    const { outside, shop, shopPod, vault } = addresses
    return [
      { url: 'https://unknown.example.org/', at: outside },
      { url: 'https://unknown.example.org:4443/', at: outside },
      { url: 'https://unknown.example.org:8443/', at: outside },
      { url: 'https://unknown.example.org:80/', at: outside },
      { url: `https://${outside}/`, at: outside },
      { url: 'http://unknown.example.org/items', at: shop },
      { url: 'http://unknown.example.org:3000/items', at: shopPod },
      { url: `http://${shopPod}:3000/items`, at: shopPod },
      { url: 'http://unknown.example.org:443/', at: outside },
      { url: 'https://static.example.net/', at: outside },
      { url: 'https://STATIC.example.net/', at: outside },
      { url: 'https://static.example.net:8443/', at: outside },
      { url: 'http://static.example.net:443/', at: outside },
      { url: 'http://static.example.net/', at: shop },
      { url: 'https://dns.example.net/', at: outside },
      { url: 'https://dns.example.net:8443/', at: outside },
      { url: 'https://a.wild.example.net/', at: outside },
      { url: 'https://a.b.wild.example.net/', at: outside },
      { url: 'https://wild.example.net/', at: outside },
      { url: 'http://plain.example.net/', at: outside },
      { url: 'https://plain.example.net:80/', at: outside },
      { url: `https://vault.${OUTSIDE}/`, at: vault },
      { url: 'https://vault/', at: vault },
      { url: 'http://shop/items', at: shop },
      { url: 'https://shop:80/', at: shop },
      ...Array.from({ length: 4 }, () => ({ url: 'https://split.example.net/', at: outside })),
    ]
  }

  it.each([
    ['client', 'PassthroughCluster'],
    ['kept-in', 'BlackHoleCluster'],
  ])('predicts where connections of %s go, those to unknown hosts to %s', async (workload, unknown) => {
    const answered = await dial(workload, outbound(), `app=${workload}`)
    const follow = await lookFor(ask({ url: 'http://shop/items', at: addresses.shop }, `deploy/${workload}`))
    console.log(`${workload}: ${answered.length} connections: ${told(answered)}`)
    expect(misjudged(answered, (one) => follow(ask(one, `deploy/${workload}`)))).toEqual([])
    expect(clustersOf(answered)).toEqual(
      expect.arrayContaining([
        unknown,
        'outbound|443||static.example.net',
        'outbound|8443||static.example.net',
        'outbound|443||dns.example.net',
        'outbound|443||*.wild.example.net',
        'outbound|80||plain.example.net',
      ]),
    )
  })

  it('predicts where a gateway sends TLS that it ends, and TLS that it passes on', async () => {
    const at = addresses.edge
    const answered = await dial(
      'outside',
      [
        ...[
          'web',
          'WEB',
          'a.many',
          'b.many',
          'many',
          'raw',
          'x.raw',
          'x.y.raw',
          'lost',
          'unknown',
          'open',
          'split',
          'split',
          'split',
          'split',
        ].map((name) => ({ url: `https://${name}.tls.example.com/items`, at })),
        { url: 'https://web.tls.example.com/', at },
        { url: 'https://web.tls.example.com/teapot', at },
        { url: 'https://web.tls.example.com/items', at, headers: { host: 'a.many.tls.example.com' } },
        { url: 'https://web.tls.example.com/items', at, headers: { host: 'unknown.tls.example.com' } },
        { url: 'http://web.tls.example.com/items', at },
        { url: 'http://open.tls.example.com/items', at },
        { url: 'http://open.tls.example.com/', at },
        { url: 'http://a.many.tls.example.com/items', at },
        { url: 'http://web.tls.example.com:443/items', at },
        { url: 'https://open.tls.example.com:80/items', at },
        { url: 'https://mutual.tls.example.com/items', at },
        { url: 'https://any.tls.example.com:9443/items', at },
        { url: 'https://other.tls.example.com:9443/items', at },
        { url: 'http://any.tls.example.com:9443/items', at },
      ],
      'istio=walk-edge',
    )
    const follow = await lookFor(ask({ url: 'https://web.tls.example.com/items', at }, 'ingress'))
    console.log(`gateway: ${answered.length} connections: ${told(answered)}`)
    expect(misjudged(answered, (one) => follow(ask(one, 'ingress')))).toEqual([])
    expect(clustersOf(answered)).toEqual(
      expect.arrayContaining([
        `outbound|80||shop.${OUTSIDE}.svc.cluster.local`,
        `outbound|443||vault.${OUTSIDE}.svc.cluster.local`,
        'outbound|443||dns.example.net',
      ]),
    )
  })

  afterAll(() => kubectl(['delete', 'namespace', OUTSIDE, '--wait=false', '--ignore-not-found']))
})

describe('chapter 10 on a real mesh', () => {
  const situation = readSituation('chapter-10')
  const asked = ['follow', 'catalog.istioinaction.io/items', '--from', 'ingress', '-o', 'json']
  const run = async (): Promise<{ report: FollowReport; exitCode: number | undefined }> => {
    const { stdout, stderr, exitCode } = await execa(process.execPath, [CLI, ...asked], {
      reject: false,
      stdin: 'ignore',
    })
    if (stdout === '') throw new Error(stderr)
    return { report: JSON.parse(stdout) as FollowReport, exitCode }
  }
  beforeAll(() => makeIll(situation))

  it('before the DestinationRule the cluster is the failing hop; after it the pods are there', async () => {
    const ill = await run()
    expect(ill.exitCode).toBe(2)
    expect(ill.report).toMatchObject({
      dies: 'cluster',
      outcome: 'dies',
      hops: [
        { stage: 'listener', ok: true },
        { stage: 'route', ok: true, objects: [{ kind: 'VirtualService', namespace: BOOK, name: 'catalog-v1-v2' }] },
        { stage: 'cluster', ok: false },
        { stage: 'cluster', ok: false },
      ],
    })
    await mend(situation)
    await until('the gateway to take the subsets', 30, async () => (await run()).report.dies === null)
    const { report, exitCode } = await run()
    expect(exitCode).toBe(0)
    expect(report).toMatchObject({ dies: null, outcome: 'arrives' })
    const pods = (
      await kubectl(['-n', BOOK, 'get', 'pods', '-l', 'app=catalog', '-o', 'jsonpath={.items[*].metadata.name}'])
    ).split(' ')
    expect(report.pods.map(({ name }) => name).sort()).toEqual(pods.sort())
    expect(report.hops.map(({ stage }) => stage)).toEqual([
      'listener',
      'route',
      'cluster',
      'cluster',
      'endpoints',
      'endpoints',
      'inbound',
      'inbound',
    ])
  })

  afterAll(() => kubectl(['delete', 'namespace', BOOK, '--wait=false', '--ignore-not-found']))
})
