import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import { parseRecording, replayClients, type Recording } from '../../src/evidence/clients/recording.ts'
import { parseAsk, SCENARIOS } from '../situation.ts'
import { median, round } from './figures.ts'

const ROUTES = 2000
const ROUNDS = 9
const ASK = 'catalog -n istioinaction'

const VIRTUAL_SERVICES = 'kubernetes list virtualservices.v1.networking.istio.io -A'
const HTTP_ROUTES = 'kubernetes list httproutes.v1.gateway.networking.k8s.io -A'

type Named = Record<string, unknown> & { metadata: Record<string, unknown> }

const recordingOf = (from: string): Recording =>
  parseRecording(readFileSync(join(SCENARIOS, from, 'recording.json'), 'utf8'))

/** A recorded object of a kind. */
function one(from: string, call: string): Named {
  const found = recordingOf(from).calls.find((each) => each.call === call)?.json as Named[] | undefined
  if (found?.[0] === undefined) throw new Error(`the recording ${from} has nothing for ${call}`)
  return found[0]
}

/** Long before the recordings were made: what is younger than a diagnosis makes it look twice. */
const LONG_AGO = '2026-01-01T00:00:00Z'

/** The same object so many times, each with a name, a namespace, a host and a destination of its own. */
function many(recorded: Named): Named[] {
  const pattern = JSON.parse(
    JSON.stringify(recorded).replaceAll(/"\d{4}-\d\d-\d\dT[\d:]+Z"/g, `"${LONG_AGO}"`),
  ) as Named
  return Array.from({ length: ROUTES }, (_, index) => {
    const spec = JSON.stringify(pattern.spec)
      .replaceAll(/"(?:catalog|orders|web)"/g, `"service-${index}"`)
      .replaceAll('"catalog.istioinaction.svc', `"service-${index}.team-${index % 50}.svc`)
      .replaceAll('"catalog-gateway"', '"istioinaction/catalog-gateway"')
      .replaceAll(/"[a-z-]+\.(?:example|istioinaction\.io)"/g, `"host-${index}.example"`)
    return {
      ...pattern,
      metadata: { ...pattern.metadata, name: `route-${index}`, namespace: `team-${index % 50}`, uid: `uid-${index}` },
      spec: JSON.parse(spec) as unknown,
    }
  })
}

function withMore(call: string, more: readonly Named[]): Recording {
  const recording = recordingOf('chapter-10/mended')
  return {
    ...recording,
    calls: recording.calls.map((each) =>
      each.call === call ? { ...each, json: [...(each.json as Named[]), ...more] } : each,
    ),
  }
}

async function processorTime(recording: Recording): Promise<number> {
  const clients = replayClients(recording, { shared: true })
  const before = process.cpuUsage()
  const report = await examine(parseAsk(ASK), clients, CHECKS)
  const { user, system } = process.cpuUsage(before)
  if (report.verdict !== 'healthy') throw new Error(`strangers' routes make the target ${report.verdict}`)
  return (user + system) / 1000
}

/** A diagnosis in a mesh with 2,000 HTTPRoutes of others against one with 2,000 VirtualServices of others, by processor time, in turn. */
export async function benchRoutes(): Promise<Record<string, unknown>> {
  const virtualServices = withMore(VIRTUAL_SERVICES, many(one('chapter-10/mended', VIRTUAL_SERVICES)))
  const httpRoutes = withMore(HTTP_ROUTES, many(one('route-backend-port/mended', HTTP_ROUTES)))
  const times: [number[], number[]] = [[], []]
  for (let round = 0; round <= ROUNDS; round += 1) {
    const [a, b] = [await processorTime(virtualServices), await processorTime(httpRoutes)]
    // The first round warms up.
    if (round === 0) continue
    times[0].push(a)
    times[1].push(b)
  }
  const [virtual, http] = [median(times[0]), median(times[1])]
  return {
    routes: ROUTES,
    rounds: ROUNDS,
    virtualServicesMilliseconds: round(virtual),
    httpRoutesMilliseconds: round(http),
    ratio: round(http / virtual),
    wanted: 'ratio <= 1.2',
  }
}
