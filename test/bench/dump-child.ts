/** Diagnoses a recorded big mesh; prints milliseconds and megabytes. Started by dump.ts, so that memory is this process's own. */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import { withProxyDumps } from '../../src/evidence/clients/proxy-dumps.ts'
import { Recording, replayClients } from '../../src/evidence/clients/recording.ts'
import { PROXY_CONFIG_KINDS, proxyConfig } from '../../src/evidence/collectors/proxy-config.ts'
import { look } from '../../src/evidence/gather.ts'
import type { Ref } from '../../src/mesh/ref.ts'
import { parseTarget } from '../../src/mesh/target-query.ts'

/** A proxy, `NAME.NAMESPACE`, and the files that hold what its admin interface answers to each of DUMP_PATHS. */
export interface Proxy {
  name: string
  files: readonly [configDump: string, clusters: string]
}

const { proxies, ...given } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Recording & {
  proxies: Proxy[]
}
const recorded = replayClients(Recording.parse(given))
const filesOf = ({ name, namespace = '' }: Ref): Proxy['files'] | undefined =>
  proxies.find((one) => one.name === `${name}.${namespace}`)?.files
const clients: Clients = {
  ...recorded,
  istioctl: withProxyDumps(recorded.istioctl, async (pod) => {
    const files = filesOf(pod)
    if (files === undefined) throw new UnseenError('unavailable', `the recording holds no proxy ${pod.name}`)
    return Promise.all(files.map(async (file) => ({ text: await readFile(file, 'utf8') })))
  }),
}

const idle = process.memoryUsage.rss()
const examining = performance.now()
const report = await examine(parseTarget('catalog', 'istioinaction'), clients, CHECKS)
const wholeDiagnosis = performance.now() - examining
const above = (process.resourceUsage().maxRSS * 1024 - idle) / 1e6
if (report.verdict !== 'healthy') throw new Error(`the big mesh came out ${report.verdict}`)

const pod = report.target.pods.find((one) => one.name.startsWith('catalog-v2-') && filesOf(one) !== undefined)
if (pod === undefined) throw new Error('the recording holds no proxy to parse')
const parsing = performance.now()
// All at once, as a diagnosis asks: one look answers the four.
for (const reading of await Promise.all(PROXY_CONFIG_KINDS.map((kind) => look(proxyConfig(kind, pod), clients))))
  if (!reading.ok) throw new Error(reading.detail)
console.log(JSON.stringify({ parse: performance.now() - parsing, examine: wholeDiagnosis, above }))
