/**
 * Records what the collectors' clients really get from the mesh that KUBECONFIG names.
 *
 * npm run record -- NAME...            makes the situations NAME anew, records each and its mended twin
 * npm run record -- all                every situation
 * npm run record -- --self-test        what the self-test reads of the cluster, for the demo
 * npm run record -- NAME --as-is ASK   records the mesh as it stands, asked for ASK (`catalog -n shop`), into test/scenarios/NAME/ill
 * ... --without NAMESPACE,NAMESPACE    leaves out the objects of namespaces that others use on the same cluster
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openClients } from '../../src/cli/clients.ts'
import { CHECKS } from '../../src/checks/index.ts'
import { testCluster } from '../../src/diagnosis/self-test.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import { headline } from '../../src/report/telling.ts'
import { UnseenError, type Clients } from '../../src/evidence/clients/clients.ts'
import { writeRecording } from '../../src/evidence/clients/recording-file.ts'
import { recordClients } from '../../src/evidence/clients/recording.ts'
import { readLogLevels } from '../../src/evidence/collectors/log-levels.ts'
import { testIdentities } from '../../src/fixes/test-identities.ts'
import { DEMO_POLICY } from '../../src/sandbox/demo.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import type { KubernetesObject } from '../../src/mesh/objects.ts'
import { sameRef } from '../../src/mesh/ref.ts'
import type { Phase } from '../situation.ts'
import { everySituation, parseAsk, readSituation, SCENARIOS } from '../situation.ts'
import { forgetBesides, makeIll, mend, sendRequests } from './mesh.ts'

const { PROMETHEUS_URL } = process.env

async function record(name: string, phase: Phase, ask: string): Promise<void> {
  const { clients, recording } = recordClients(
    withoutNamespaces(
      openClients(
        {
          istioctl: process.env.ISTIOCTL,
          ...(PROMETHEUS_URL !== undefined && { prometheus: { url: PROMETHEUS_URL } }),
        },
        new AbortController(),
      ),
    ),
  )
  const report = await examine(parseAsk(ask), clients, CHECKS, { descriptions: true })
  await recordLogLevels(report, clients)
  const folder = join(SCENARIOS, name, phase)
  mkdirSync(folder, { recursive: true })
  writeRecording(join(folder, 'recording.json'), recording)
  console.log(`${name}/${phase}: ${report.verdict}: ${headline(CHECKS, report)}`)
}

/** What `/mesh doctor` reads, with the demo's identities. */
async function recordSelfTest(): Promise<void> {
  const { signal } = new AbortController()
  const { clients, recording } = recordClients(openClients({ istioctl: process.env.ISTIOCTL }, new AbortController()))
  const items = [...(await testIdentities(DEMO_POLICY, clients, signal)), ...(await testCluster(clients, signal))]
  const folder = join(RECORDINGS, 'self-test')
  mkdirSync(folder, { recursive: true })
  writeRecording(join(folder, 'recording.json'), recording)
  console.log(`self-test: ${items.filter(({ ok }) => ok).length} of ${items.length} are well`)
}

/** No diagnosis asks for log levels; the demo and the tests of leases begin with those that were there. */
async function recordLogLevels({ plan, target }: Report, { istioctl }: Clients): Promise<void> {
  const read = plan.flatMap(({ kind, of, outcome }) =>
    kind === 'clusters' && of !== undefined && outcome === 'seen' ? [of] : [],
  )
  for (const pod of [...target.pods, ...read.filter((one) => !target.pods.some((own) => sameRef(own, one)))]) {
    await readLogLevels(pod, istioctl, AbortSignal.timeout(20_000)).catch((error: unknown) => {
      if (!(error instanceof UnseenError)) throw error
    })
  }
}

/** The same cluster, but for the objects of some namespaces: as if their owners had a cluster of their own. */
function withoutNamespaces(clients: Clients): Clients {
  const isOurs = ({ kind, metadata: { name, namespace } }: KubernetesObject): boolean =>
    !without.includes(kind === 'Namespace' ? name : (namespace ?? '/'))
  return {
    ...clients,
    kubernetes: {
      ...clients.kubernetes,
      list: async (resource, where, signal) => (await clients.kubernetes.list(resource, where, signal)).filter(isOurs),
    },
    istioctl: {
      ...clients.istioctl,
      run: async (args, signal) => {
        const text = await clients.istioctl.run(args, signal)
        return args[0] === 'proxy-status' ? withoutProxies(text) : text
      },
    },
  }
}

interface Statuses {
  resources?: { node?: { id?: string } }[]
}

/** `istioctl proxy-status -o json` without the proxies of those namespaces; a node's id is `POD.NAMESPACE`. */
function withoutProxies(text: string): string {
  const statuses = JSON.parse(text) as Statuses
  const isOurs = ({ node: { id = '' } = {} }: NonNullable<Statuses['resources']>[number]): boolean =>
    !without.includes(id.slice(id.indexOf('.') + 1))
  return JSON.stringify({
    ...statuses,
    ...(statuses.resources !== undefined && { resources: statuses.resources.filter(isOurs) }),
  })
}

const RECORDINGS = join(import.meta.dirname, '../../recordings')
const {
  values: { without: others = '', 'as-is': asIs, 'self-test': selfTest = false },
  positionals: [first, ...rest],
} = parseArgs({
  allowPositionals: true,
  options: { without: { type: 'string' }, 'as-is': { type: 'string' }, 'self-test': { type: 'boolean' } },
})
const without = others.split(',').filter((one) => one !== '')
if (selfTest) {
  await recordSelfTest()
} else if (first === undefined) {
  console.error('usage: npm run record -- all | NAME... | NAME --as-is "TARGET -n NAMESPACE" | --self-test')
  process.exitCode = 64
} else if (asIs !== undefined) {
  await record(first, 'ill', asIs)
} else {
  for (const situation of first === 'all' ? everySituation() : [first, ...rest].map(readSituation)) {
    await makeIll(situation)
    if (situation.traffic !== undefined)
      console.log(situation.name, 'ill traffic', await sendRequests(situation.traffic))
    await record(situation.name, 'ill', situation.ask)
    await mend(situation)
    if (situation.traffic !== undefined)
      console.log(situation.name, 'mended traffic', await sendRequests(situation.traffic))
    await record(situation.name, 'mended', situation.ask)
    await forgetBesides()
  }
}
