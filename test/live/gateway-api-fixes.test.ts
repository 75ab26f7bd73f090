import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Condition } from '../../src/mesh/gateway-api.ts'
import type { KubernetesObject } from '../../src/mesh/objects.ts'
import { openLiveBot, type LiveBot } from './bot.ts'
import { filled, kubectl, until } from './mesh.ts'

/** Unique: nothing of anybody else's is touched, and what is made here is removed by name. */
const NAME = `gwapi-${process.pid}`
const SHOP = `${NAME}-shop`
const FRONT = `${NAME}-front`
const REQUESTS = 20

const named = (manifest: string): string => filled(manifest).replaceAll('$SHOP', SHOP).replaceAll('$FRONT', FRONT)

/** A route that is ill, what is proposed, and what somebody without rights is told. */
interface Case {
  act: string
  route: string
  kind: 'HTTPRoute' | 'GRPCRoute'
  at: string
  host: string
  answered: number
  title: RegExp
  /** In the proposal. */
  diff: RegExp
  refused: RegExp
  /** How `kubectl get` names what the change writes, to be compared after it was taken back. */
  writes: string[]
}

const ROUTE = (kind: Case['kind'], name: string, namespace: string, spec: string): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata: { name: ${name}, namespace: ${namespace} }
spec: ${spec}
`

const CASES: readonly Case[] = [
  {
    act: 'add-reference-grant',
    kind: 'HTTPRoute',
    at: `${FRONT}/granted`,
    host: 'granted.shop.example',
    answered: 500,
    route: ROUTE(
      'HTTPRoute',
      'granted',
      FRONT,
      `{ parentRefs: [{ name: edge }], hostnames: [granted.shop.example], rules: [{ backendRefs: [{ name: catalog, namespace: ${SHOP}, port: 80 }] }] }`,
    ),
    title: /Allow HTTPRoutes of \S+ to send to catalog/,
    diff: /\+kind: ReferenceGrant/,
    refused: /referencegrants\.gateway\.networking\.k8s\.io .*is forbidden: User "no-rights@example\.com" cannot/,
    writes: ['-n', SHOP, 'referencegrants'],
  },
  {
    act: 'correct-backend',
    kind: 'HTTPRoute',
    at: `${SHOP}/port`,
    host: 'port.shop.example',
    answered: 500,
    route: ROUTE(
      'HTTPRoute',
      'port',
      SHOP,
      `{ parentRefs: [{ name: edge, namespace: ${FRONT} }], hostnames: [port.shop.example], rules: [{ backendRefs: [{ name: catalog, port: 8080 }] }] }`,
    ),
    title: /Send to catalog:80 instead of catalog:8080/,
    diff: /\+ +port: 80\n/,
    refused: /httproutes\.gateway\.networking\.k8s\.io .*is forbidden: User "no-rights@example\.com" cannot/,
    writes: ['-n', SHOP, 'httproute', 'port'],
  },
  {
    act: 'correct-backend',
    kind: 'GRPCRoute',
    at: `${SHOP}/grpc`,
    host: 'grpc.shop.example',
    answered: 500,
    route: ROUTE(
      'GRPCRoute',
      'grpc',
      SHOP,
      `{ parentRefs: [{ name: edge, namespace: ${FRONT} }], hostnames: [grpc.shop.example], rules: [{ backendRefs: [{ name: catalogue, port: 80 }] }] }`,
    ),
    title: /Send to catalog:80 instead of catalogue:80/,
    diff: /\+ +name: catalog\n/,
    refused: /grpcroutes\.gateway\.networking\.k8s\.io .*is forbidden: User "no-rights@example\.com" cannot/,
    writes: ['-n', SHOP, 'grpcroute', 'grpc'],
  },
  {
    act: 'open-listener',
    kind: 'HTTPRoute',
    at: `${SHOP}/namespace`,
    host: 'own.front.example',
    answered: 404,
    route: ROUTE(
      'HTTPRoute',
      'namespace',
      SHOP,
      `{ parentRefs: [{ name: edge, namespace: ${FRONT}, sectionName: own }], hostnames: [own.front.example], rules: [{ backendRefs: [{ name: catalog, port: 80 }] }] }`,
    ),
    title: /Allow routes of namespace \S+ on listener own/,
    diff: /\+ +from: Selector/,
    refused: /gateways\.gateway\.networking\.k8s\.io .*is forbidden: User "no-rights@example\.com" cannot/,
    writes: ['-n', FRONT, 'gateways.gateway.networking.k8s.io', 'edge'],
  },
  {
    act: 'open-listener',
    kind: 'HTTPRoute',
    at: `${SHOP}/hostname`,
    host: 'www.other.example',
    answered: 404,
    route: ROUTE(
      'HTTPRoute',
      'hostname',
      SHOP,
      `{ parentRefs: [{ name: edge, namespace: ${FRONT} }], hostnames: [www.other.example], rules: [{ backendRefs: [{ name: catalog, port: 80 }] }] }`,
    ),
    title: /Add a listener for www\.other\.example to edge/,
    diff: /\+ +hostname: www\.other\.example/,
    refused: /gateways\.gateway\.networking\.k8s\.io .*is forbidden: User "no-rights@example\.com" cannot/,
    writes: ['-n', FRONT, 'gateways.gateway.networking.k8s.io', 'edge'],
  },
]

/** Requests of the client in the other namespace, by the Gateway's own Service; the answers by status. */
async function answers(host: string): Promise<Record<string, number>> {
  const script = `for i in $(seq ${REQUESTS}); do curl -s -o /dev/null -m 5 -w '%{http_code}\\n' -H 'Host: ${host}' http://edge-istio.${FRONT}/items; done; sleep 1.5`
  const text = await kubectl(['-n', FRONT, 'exec', 'deploy/client', '-c', 'client', '--', 'sh', '-c', script])
  const counts: Record<string, number> = {}
  for (const code of text.trim().split('\n')) counts[code] = (counts[code] ?? 0) + 1
  return counts
}

const answeredWith = (host: string, code: number): Promise<void> =>
  until(`${host} to answer ${code}`, 60, async () => (await answers(host))[code] === REQUESTS)

/** Specs of what a change writes. */
const specs = async (args: readonly string[]): Promise<unknown> => {
  const read = JSON.parse(await kubectl(['get', ...args, '-o', 'json'])) as KubernetesObject & {
    items?: KubernetesObject[]
  }
  return (read.items ?? [read]).map(({ metadata: { name }, spec }) => ({ name, spec }))
}

/** What the controller says of a route, of its present generation only. */
async function conditions(kind: string, at: string): Promise<Record<string, string>> {
  const [namespace = '', name = ''] = at.split('/')
  const { metadata, status } = JSON.parse(
    await kubectl(['-n', namespace, 'get', kind.toLowerCase(), name, '-o', 'json']),
  ) as KubernetesObject<unknown, { parents?: { conditions?: Condition[] }[] }>
  return Object.fromEntries(
    (status?.parents ?? [])
      .flatMap((one) => one.conditions ?? [])
      .filter(({ observedGeneration }) => observedGeneration === metadata.generation)
      .map(({ type, status: said }) => [type, said]),
  )
}

let bot: LiveBot
beforeAll(async () => {
  for (const name of [SHOP, FRONT]) await kubectl(['create', 'namespace', name])
  await kubectl(['label', 'namespace', SHOP, 'istio-injection=enabled'])
  await kubectl(['apply', '-f', '-'], named(readFileSync(join(import.meta.dirname, 'gateway-api-fixes.yaml'), 'utf8')))
  for (const [namespace, name] of [
    [SHOP, 'catalog'],
    [FRONT, 'client'],
    [FRONT, 'edge-istio'],
  ] as const) {
    await until(`${name} to be there`, 60, () =>
      kubectl(['-n', namespace, 'get', 'deployment', name]).then(
        () => true,
        () => false,
      ),
    )
    await kubectl(['-n', namespace, 'rollout', 'status', `deployment/${name}`, '--timeout=120s'])
  }
  bot = await openLiveBot()
})
afterAll(async () => {
  await bot.close()
  for (const name of [SHOP, FRONT]) await kubectl(['delete', 'namespace', name, '--wait=false'])
})

describe.each(CASES)('$act for $host', ({ kind, at, host, route, answered, title, diff, refused, writes }) => {
  let before: unknown
  beforeAll(async () => {
    await kubectl(['apply', '-f', '-'], route)
    before = await specs(writes)
    await answeredWith(host, answered)
  })
  afterAll(async () => {
    const [namespace = '', name = ''] = at.split('/')
    await kubectl(['-n', namespace, 'delete', kind.toLowerCase(), name])
  })

  const proposal = async (): ReturnType<LiveBot['seen']> => {
    const parent = await bot.diagnose(`catalog -n ${SHOP}`)
    expect(bot.read(parent)).toMatch(/Ill/)
    await bot.click(parent, 'Propose fix', 'U_ONCALL')
    return bot.seen(title, ({ actions }) => actions.includes('Approve'))
  }

  it('is proposed, and refused by the cluster for an approver without rights', async () => {
    const { message, text } = await proposal()
    expect(text).toMatch(diff)
    await bot.click(message, 'Approve', 'U_NORIGHTS')
    expect((await bot.seen(refused)).text).toMatch(/failed|not applied/i)
    expect(await specs(writes)).toEqual(before)
  })

  it("is applied, and proved by requests and by the controller's own condition", async () => {
    const { message } = await proposal()
    await bot.click(message, 'Approve', 'U_SECOND')
    await answeredWith(host, 200)
    const proved = await bot.seen(/gone/, (shown) => title.test(shown.text) && shown.actions.includes('Undo'), 60_000)
    expect(proved.text).toContain(`Istio's controller says Accepted and ResolvedRefs for ${kind} ${at}, generation`)
    expect(await conditions(kind, at)).toMatchObject({ Accepted: 'True', ResolvedRefs: 'True' })
  })

  it('is taken back on Undo: everything is as it was', async () => {
    const proved = await bot.seen(/gone/, (shown) => title.test(shown.text) && shown.actions.includes('Undo'))
    await bot.click(proved.message, 'Undo', 'U_SECOND')
    await bot.seen(/undone|taken back/i, ({ text }) => title.test(text) && !text.includes('is being'), 30_000)
    expect(await specs(writes)).toEqual(before)
    await answeredWith(host, answered)
    expect(bot.standIn.calls.filter(({ ok }) => !ok)).toEqual([])
  })
})
