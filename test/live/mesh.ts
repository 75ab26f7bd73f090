import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import type { Situation } from '../situation.ts'
import { SCENARIOS } from '../situation.ts'
import { certificate } from './certificate.ts'
import { JWKS, token } from './token.ts'

/** The book's public image, unless the mesh has one of its own. */
const IMAGE = process.env.MESH_MEDIC_TEST_IMAGE ?? 'docker.io/istioinaction/catalog:latest'
const TOOLS = process.env.MESH_MEDIC_TEST_TOOLS ?? IMAGE
/** Base URL of the ingress gateway. */
export const INGRESS = process.env.MESH_MEDIC_TEST_INGRESS ?? 'http://localhost:80'
/** The namespace situations are made in. */
export const NAMESPACE = 'istioinaction'

/** Runs kubectl; throws with its standard error when it fails. */
export async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const { stdout } = await execa('kubectl', args, input === undefined ? {} : { input })
  return stdout
}

/** `$TLS(HOST, FROM, UNTIL)`, the data of a TLS Secret: valid from and until so many seconds from now. */
const TLS = /\$TLS\(([\w.*-]+), (-?\d+), (-?\d+)\)/g
function tlsData(_: string, host: string, from: string, until: string): string {
  const made = certificate(host, Number(from), Number(until))
  return `{ tls.crt: ${made.certificate}, tls.key: ${made.key} }`
}

/** A manifest as it is applied: `$IMAGE` is the workload's image, `$TOOLS` one with curl and openssl, `$JWKS` the keys that tokens are signed with. */
export const filled = (manifest: string): string =>
  manifest.replaceAll('$IMAGE', IMAGE).replaceAll('$TOOLS', TOOLS).replaceAll('$JWKS', JWKS).replace(TLS, tlsData)

/** A manifest's documents that name a namespace themselves are applied there. */
const NAMESPACED = /^metadata:.*\bnamespace: ([\w-]+)/m

/** Applies manifests, one after the other where they are for several namespaces; what they call `istioinaction` is named after the namespace. */
async function apply(files: readonly string[], namespace: string): Promise<void> {
  const documents = files
    .filter((file) => existsSync(file))
    .flatMap((file) => filled(readFileSync(file, 'utf8').replaceAll(NAMESPACE, namespace)).split(/^---$/m))
    .filter((text) => text.trim() !== '')
  const placed = documents.map((text) => ({ text, at: NAMESPACED.exec(text)?.[1] ?? namespace }))
  // In their order: of two objects that do not fit each other, the newer is named.
  const runs: (typeof placed)[] = []
  for (const one of placed) {
    const last = runs.at(-1)
    if (last?.[0]?.at === one.at) last.push(one)
    else runs.push([one])
  }
  for (const run of runs)
    await kubectl(['-n', run[0]?.at ?? namespace, 'apply', '-f', '-'], run.map(({ text }) => text).join('\n---\n'))
}

const manifest = (name: string): string => join(SCENARIOS, 'manifests', `${name}.yaml`)

/** On what a situation in a namespace has elsewhere: other namespaces, and Gateways beside the ingress gateway's Service. */
const BESIDES = 'mesh-medic.test/besides'

/** Deletes what the last situation of a namespace had elsewhere. */
export async function forgetBesides(namespace = NAMESPACE): Promise<void> {
  const kinds = await kubectl(['api-resources', '--api-group', 'gateway.networking.k8s.io', '-o', 'name'])
  const gateways = kinds.includes('gateways.gateway') ? ['gateways.gateway.networking.k8s.io'] : []
  for (const kind of ['namespaces', ...gateways])
    await kubectl(['delete', kind, ...(kind === 'namespaces' ? [] : ['-A']), '-l', `${BESIDES}=${namespace}`, '--wait'])
}

/** Deletes a namespace with all that is in it, without waiting until it is gone. */
export async function abandonNamespace(namespace: string): Promise<void> {
  // Nobody needs the old pods to end in peace, and a namespace waits for all of its pods.
  await kubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=false'])
  await kubectl(['-n', namespace, 'delete', 'pods', '--all', '--grace-period=0', '--force', '--ignore-not-found'])
}

/** An empty namespace with injection, and those that the situation has besides. */
export async function resetNamespace(namespace = NAMESPACE, besides: readonly string[] = []): Promise<void> {
  await abandonNamespace(namespace)
  await kubectl(['wait', '--for=delete', `namespace/${namespace}`, '--timeout=120s'])
  await forgetBesides(namespace)
  for (const one of besides) {
    await kubectl(['create', 'namespace', one])
    await kubectl(['label', 'namespace', one, 'istio-injection=enabled', `${BESIDES}=${namespace}`])
  }
  await kubectl(['create', 'namespace', namespace])
  await kubectl(['label', 'namespace', namespace, 'istio-injection=enabled'])
}

/** Polls until it answers true; throws after `seconds`. */
export async function until(what: string, seconds: number, done: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + seconds * 1000
  while (!(await done())) {
    if (Date.now() > end) throw new Error(`${what} did not happen within ${seconds} s`)
    await sleep(500)
  }
}

interface Container {
  name: string
  ready: boolean
  restartCount: number
  state: { running?: { startedAt: string }; waiting?: { reason?: string } }
}
interface Image {
  name: string
  image?: string
}
interface PodList {
  items: {
    metadata: { name: string; deletionTimestamp?: string }
    spec?: { containers?: Image[]; initContainers?: Image[] }
    status: { containerStatuses?: Container[]; initContainerStatuses?: Container[] }
  }[]
}

/** Milliseconds a proxy runs before it counts as one that will not connect: longer than a check's own grace. */
const PROXY_WAITS = 25_000
/** Reasons to wait that pass by themselves. */
const PASSING = ['ContainerCreating', 'PodInitializing']

const podsOf = async (namespace: string, selector?: string): Promise<PodList['items']> =>
  (
    JSON.parse(
      await kubectl([
        '-n',
        namespace,
        'get',
        'pods',
        ...(selector === undefined ? [] : ['-l', selector]),
        '-o',
        'json',
      ]),
    ) as PodList
  ).items

async function settled(settle: Situation['settle'], namespace: string): Promise<boolean> {
  const items = await podsOf(namespace)
  if (settle === 'no-pods') return items.length === 0
  if (items.length === 0 || items.some(({ metadata }) => metadata.deletionTimestamp !== undefined)) return false
  return items.every(({ status: { containerStatuses = [], initContainerStatuses = [] } }) => {
    const application = containerStatuses.find(({ name }) => name === 'catalog')
    const proxy = [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === 'istio-proxy')
    // A pod of another application, such as a caller, is merely to be ready.
    if (application === undefined) return containerStatuses.length > 0 && containerStatuses.every(({ ready }) => ready)
    switch (settle) {
      case 'ready':
        return containerStatuses.every(({ ready }) => ready)
      case 'not-ready':
        return application.state.running !== undefined && !application.ready
      case 'crashing':
        return application.restartCount >= 1
      case 'not-starting': {
        const reason = application.state.waiting?.reason
        return reason !== undefined && !PASSING.includes(reason)
      }
      case 'starting':
        return proxy?.ready === false && Date.now() - Date.parse(proxy.state.running?.startedAt ?? '') > PROXY_WAITS
    }
  })
}

/** Waits until every pod is what the situation says, and the proxies have had time to take their configuration. */
async function settle(how: Situation['settle'], namespace: string): Promise<void> {
  await until(`pods to be ${how}`, 150, () => settled(how, namespace))
  await sleep(4000)
}

interface Requests {
  host: string
  path: string
  requests: number
  atOnce?: number
  gap?: number
  spread?: number
  givesUpAfter?: number
  issuer?: string
  restarts?: string[]
}

/** Restarts workloads, and waits until their old pods are gone. */
async function restart(workloads: readonly string[], namespace: string): Promise<void> {
  for (const workload of workloads) {
    await kubectl(['-n', namespace, 'rollout', 'restart', workload])
    await kubectl(['-n', namespace, 'rollout', 'status', workload, '--timeout=120s'])
  }
  await until('the old pods to be gone', 90, async () =>
    (await podsOf(namespace)).every(({ metadata }) => metadata.deletionTimestamp === undefined),
  )
}

/** Sends requests through the ingress gateway; counts the answers by status, 0 for none. The log is flushed when it returns. */
export async function sendRequests(
  { host, path, requests, atOnce = 1, gap = 0, spread = 0, givesUpAfter = 10_000, issuer, restarts = [] }: Requests,
  namespace = NAMESPACE,
): Promise<Record<number, number>> {
  const counts: Record<number, number> = {}
  let turn = 0
  const sendSome = async (some: number): Promise<void> => {
    for (const code of await Promise.all(
      Array.from({ length: some }, () =>
        send(path, { host, ...(issuer !== undefined && { authorization: `Bearer ${token(issuer)}` }) }, givesUpAfter),
      ),
    ))
      counts[code] = (counts[code] ?? 0) + 1
    if (gap > 0) await sleep(gap + (spread * (turn++ % 10)) / 10)
  }
  if (restarts.length > 0) {
    const done = new AbortController()
    const restarting = restart(restarts, namespace).finally(() => done.abort())
    restarting.catch(() => undefined)
    while (!done.signal.aborted) await sendSome(atOnce)
    await restarting
  }
  for (let left = requests; left > 0; left -= atOnce) await sendSome(Math.min(atOnce, left))
  // Istio flushes access logs once a second.
  await sleep(1500)
  return counts
}

const send = (path: string, headers: Record<string, string>, timeout: number): Promise<number> =>
  new Promise((resolve) => {
    const sent = request(INGRESS + path, { headers, timeout }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    sent.on('error', () => resolve(0)).on('timeout', () => sent.destroy())
    sent.end()
  })

/** A situation as it is in another namespace, with hosts and neighbouring namespaces of its own: several stand beside each other in one mesh. */
export const situatedIn = (namespace: string, { name, ...situation }: Situation): Situation => ({
  ...(JSON.parse(JSON.stringify(situation).replaceAll(NAMESPACE, namespace)) as Omit<Situation, 'name'>),
  name,
})

/** Makes a situation anew in an empty namespace, without its traffic. */
export async function makeIll(situation: Situation, namespace = NAMESPACE): Promise<void> {
  await resetNamespace(namespace, situation.namespaces)
  const own = join(SCENARIOS, situation.name, 'mesh.yaml')
  await apply([...situation.manifests.map(manifest), ...(situation.runsFirst ? [] : [own])], namespace)
  if (situation.runsFirst) {
    await settle('ready', namespace)
    await apply([own], namespace)
  }
  await settle(situation.settle, namespace)
  if (situation.removed !== undefined) {
    for (const object of situation.removed.objects) await kubectl(['-n', namespace, 'delete', object, '--wait'])
    await sleep(situation.removed.seconds * 1000)
  }
  if (situation.drops !== undefined) await dropPackets(situation.drops, namespace)
  if (situation.blowup !== undefined) await blowUp(situation.blowup, namespace)
}

/** Drops what is sent to a port of pods, as a network that enforces their NetworkPolicies would: by the iptables that their own proxy's image has. */
async function dropPackets({ pods, port }: NonNullable<Situation['drops']>, namespace: string): Promise<void> {
  for (const { metadata, spec } of await podsOf(namespace, pods)) {
    const proxy = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].find(
      ({ name }) => name === 'istio-proxy',
    )
    const rule = `iptables -t raw -A PREROUTING -i eth0 -p tcp --dport ${port} -j DROP`
    await kubectl([
      ...['-n', namespace, 'debug', metadata.name, '--profile=netadmin', '--container=drops', '--attach'],
      ...[`--image=${proxy?.image ?? ''}`, '--image-pull-policy=IfNotPresent', '--', 'sh', '-c', rule],
    ])
  }
}

/** Tells pods to misbehave, by curl in the application's own container as the book does. */
async function blowUp(
  { pods, one, type, volatile }: NonNullable<Situation['blowup']>,
  namespace: string,
): Promise<void> {
  const names = (await podsOf(namespace, pods)).map(({ metadata }) => metadata.name).sort()
  for (const name of one ? names.slice(0, 1) : names) {
    await kubectl([
      '-n',
      namespace,
      'exec',
      name,
      '-c',
      'catalog',
      '--',
      'curl',
      '-sSf',
      '-X',
      'POST',
      '-H',
      'Content-Type: application/json',
      '-d',
      JSON.stringify({ active: true, type, volatile }),
      'http://localhost:3000/blowup',
    ])
  }
}

/** Turns an ill mesh into its healthy twin, without traffic. */
export async function mend(situation: Situation, namespace = NAMESPACE): Promise<void> {
  for (const object of situation.mended.delete)
    await kubectl(['-n', namespace, 'delete', object, '--ignore-not-found', '--wait'])
  await apply([...situation.mended.manifests.map(manifest), join(SCENARIOS, situation.name, 'mended.yaml')], namespace)
  for (const workload of situation.mended.restart) {
    await kubectl(['-n', namespace, 'rollout', 'restart', workload])
    await kubectl(['-n', namespace, 'rollout', 'status', workload, '--timeout=120s'])
  }
  await settle('ready', namespace)
}
