/** Diagnoses a recorded big mesh; prints milliseconds and megabytes. Started by dump.ts, so that memory is this process's own. */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { Recording, replayClients } from '../../src/evidence/clients/recording.ts'
import { PROXY_CONFIG_KINDS, proxyConfig } from '../../src/evidence/collectors/proxy-config.ts'
import { look } from '../../src/evidence/gather.ts'
import { parseTarget } from '../../src/mesh/target-query.ts'

const { madeAt, calls } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as {
  madeAt: string
  calls: (Recording['calls'][number] & { file?: string })[]
}
const files = new Map(calls.flatMap(({ call, file }) => (file === undefined ? [] : [[call, file] as const])))
const recorded = replayClients(Recording.parse({ madeAt, calls: calls.filter(({ file }) => file === undefined) }))
const clients: Clients = {
  ...recorded,
  istioctl: {
    run: (args, signal) => {
      const file = files.get(`istioctl ${args.join(' ')}`)
      return file === undefined ? recorded.istioctl.run(args, signal) : readFile(file, 'utf8')
    },
  },
}

const idle = process.memoryUsage.rss()
const examining = performance.now()
const report = await examine(parseTarget('catalog', 'istioinaction'), clients, CHECKS)
const wholeDiagnosis = performance.now() - examining
const above = (process.resourceUsage().maxRSS * 1024 - idle) / 1e6
if (report.verdict !== 'healthy') throw new Error(`the big mesh came out ${report.verdict}`)

const pod = report.target.pods.find(
  ({ name }) =>
    name.startsWith('catalog-v2-') && files.has(`istioctl proxy-config clusters ${name}.istioinaction -o json`),
)
if (pod === undefined) throw new Error('the recording holds no proxy to parse')
const parsing = performance.now()
for (const kind of PROXY_CONFIG_KINDS) {
  const reading = await look(proxyConfig(kind, pod), clients)
  if (!reading.ok) throw new Error(reading.detail)
}
console.log(JSON.stringify({ parse: performance.now() - parsing, examine: wholeDiagnosis, above }))
