import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { searchLines } from '../../src/evidence/clients/log-search.ts'
import { type Recording, replayClients } from '../../src/evidence/clients/recording.ts'
import type { Pod } from '../../src/mesh/objects.ts'
import type { Ref } from '../../src/mesh/ref.ts'
import { recordingOf } from '../replay.ts'
import { parseAsk, readSituation } from '../situation.ts'
import { median, round, timed } from './figures.ts'
import { watchTurns } from './turns.ts'

const SITUATION = 'chapter-10'
const SIZES = { small: { pods: 3, lines: 500 }, large: { pods: 30, lines: 200_000 } }
/** Milliseconds before each answer, so that the small diagnosis takes about as long as on a mesh of this machine. */
const DELAY = 75
const ROUNDS = 5
/** One in so many requests at a gateway is for the target. */
const OF_TARGET = 4

interface Size {
  pods: number
  lines: number
}
interface Copy {
  from: Pod
  name: string
  ip: string
}

type Fields = Record<string, unknown>

/** A piece of a list, and the same for each copy of the pod that it is about. */
const more = (list: readonly Fields[], copies: readonly Copy[]): Fields[] =>
  list.flatMap((piece) => {
    const text = JSON.stringify(piece)
    const about = copies.filter(
      ({ from }) => text.includes(`"${from.metadata.name}`) || text.includes(`"${from.status?.podIP ?? 'none'}"`),
    )
    return [piece, ...about.map((copy) => JSON.parse(renamed(text, copy)) as Fields)]
  })
const renamed = (text: string, { from, name, ip }: Copy): string =>
  text
    .replaceAll(from.metadata.name, name)
    .replaceAll(`"${from.status?.podIP ?? 'none'}"`, `"${ip}"`)
    .replaceAll(from.metadata.uid ?? 'none', `${from.metadata.uid}-${name}`)

const within = (list: unknown, key: string, copies: readonly Copy[]): Fields[] =>
  (list as Fields[]).map((one) =>
    Array.isArray(one[key]) ? { ...one, [key]: more(one[key] as Fields[], copies) } : one,
  )

/** The recorded mesh with more pods like those of the target. */
function grown(recording: Recording, size: Size): { recording: Recording; pods: readonly Copy[] } {
  const list = recording.calls.find(({ call }) => call === 'kubernetes list pods.v1 -n istioinaction')?.json as Pod[]
  const own = list.map((from): Copy => ({ from, name: from.metadata.name, ip: from.status?.podIP ?? '' }))
  const copies = Array.from({ length: size.pods - own.length }, (_, n): Copy => {
    const { from } = own[n % own.length]!
    return { from, name: `${from.metadata.name.slice(0, -5)}c${String(n).padStart(4, '0')}`, ip: `10.250.0.${n + 1}` }
  })
  const calls = recording.calls.flatMap((entry) => {
    const { call, json } = entry
    if (call.startsWith('kubernetes list pods.')) return [{ ...entry, json: more(json as Fields[], copies) }]
    if (call.includes('list endpointslices.')) return [{ ...entry, json: within(json, 'endpoints', copies) }]
    if (call.startsWith('istioctl proxy-config endpoints')) {
      const all = { ...entry, json: within(json, 'hostStatuses', copies) }
      return [all, ...ofPods(all)]
    }
    if (call === 'istioctl proxy-status -o json') {
      const status = json as { resources?: Fields[] }
      return [{ ...entry, json: { ...status, resources: more(status.resources ?? [], copies) } }]
    }
    return [entry, ...ofPods(entry)]
  })
  function ofPods(entry: Recording['calls'][number]): Recording['calls'] {
    return copies
      .filter(({ from }) => entry.call.includes(from.metadata.name))
      .map((copy) => ({ ...entry, call: entry.call.replaceAll(copy.from.metadata.name, copy.name) }))
  }
  return { recording: { ...recording, calls }, pods: [...own, ...copies] }
}

/** Requests of the last seconds at a gateway, oldest first, and as the pods behind it logged those that are for them. */
function logsOf(lines: number, until: Date, pods: readonly Copy[]): { gateway: string; ofPods: Map<string, string> } {
  const count = Math.round((lines * OF_TARGET) / (OF_TARGET + 1))
  const ofPods = new Map<string, string[]>(pods.map(({ name }) => [name, []]))
  const gateway = Array.from({ length: count }, (_, n) => {
    const time = new Date(until.getTime() - Math.floor(((count - n) * 5000) / count)).toISOString()
    const isTarget = n % OF_TARGET === 0
    const { ip, name } = pods[((n / OF_TARGET) % pods.length) | 0]!
    const host = isTarget ? 'catalog' : `other-${n % 40}`
    const line = (cluster: string, local: string): string =>
      `[${time}] "GET /items HTTP/1.1" 200 - via_upstream - "-" 0 502 ${2 + (n % 7)} ${1 + (n % 7)} "10.0.0.1" "curl" "${String(n).padStart(8, '0')}-1111-4222-8333-444444444444" "${host}.istioinaction.io" "${ip}:3000" ${cluster} 10.0.0.2:${20_000 + (n % 20_000)} ${local} 10.0.0.1:2 - default`
    if (isTarget) ofPods.get(name)?.push(line('inbound|3000||', `${ip}:3000`))
    return line(`outbound|80|version-v2|${host}.istioinaction.svc.cluster.local`, '10.0.0.2:8080')
  })
  return {
    gateway: `${gateway.join('\n')}\n`,
    ofPods: new Map([...ofPods].map(([name, own]) => [name, `${own.join('\n')}\n`])),
  }
}

/** Clients of that mesh whose logs hold so many lines, most of them a gateway's. */
function clientsOf(size: Size): Clients {
  const { recording, pods } = grown(recordingOf(`${SITUATION}/mended`), size)
  const clients = replayClients(recording, { shared: true, delay: DELAY })
  const { gateway, ofPods } = logsOf(size.lines, clients.now(), pods)
  const logs = new Map([...ofPods].map(([name, text]) => [name, Buffer.from(text)]))
  const ofGateway = Buffer.from(gateway)
  const logOf = ({ name }: Ref): Buffer => logs.get(name) ?? ofGateway
  return {
    ...clients,
    kubernetes: {
      ...clients.kubernetes,
      log: async (pod, _, tail) => {
        await new Promise((resolve) => setTimeout(resolve, DELAY))
        return logOf(pod)
          .subarray(-tail * 400)
          .toString()
          .split('\n')
          .slice(-tail - 1)
          .join('\n')
      },
      search: async (pod, _, search) => {
        await new Promise((resolve) => setTimeout(resolve, DELAY))
        const whole = logOf(pod)
        return searchLines(
          (async function* () {
            for (let at = 0; at < whole.length; at += 65_536)
              yield await Promise.resolve(whole.subarray(at, at + 65_536))
          })(),
          search,
        )
      },
    },
  }
}

/** A diagnosis of 30 pods with 200,000 lines of access log in the window ÷ one of 3 pods with 500 lines, both of a recorded mesh with the same delay before each answer. */
export async function benchWindows(): Promise<Record<string, unknown>> {
  const clients = { small: clientsOf(SIZES.small), large: clientsOf(SIZES.large) }
  const query = parseAsk(readSituation(SITUATION).ask)
  const times: Record<keyof typeof SIZES, number[]> = { small: [], large: [] }
  const blocked: number[] = []
  const seen: Record<string, unknown> = {}
  for (let one = 0; one <= ROUNDS; one += 1) {
    for (const size of ['small', 'large'] as const) {
      const turns = watchTurns()
      const took = await timed(async () => {
        const report = await examine(query, clients[size], CHECKS)
        if (report.verdict !== 'healthy') throw new Error(`${size} came out ${report.verdict}`)
        seen[size] = { pods: report.target.pods.length, requests: report.traffic?.requests, lines: report.logs?.lines }
      })
      const longest = turns.end()
      // The first round warms up.
      if (one === 0) continue
      times[size].push(took)
      if (size === 'large') blocked.push(longest)
    }
  }
  return {
    sizes: SIZES,
    seen,
    delayMilliseconds: DELAY,
    rounds: ROUNDS,
    milliseconds: { small: Math.round(median(times.small)), large: Math.round(median(times.large)) },
    ratio: round(median(times.large.map((took, index) => took / (times.small[index] ?? NaN)))),
    blockedMilliseconds: round(median(blocked)),
    wanted: 'ratio <= 2',
  }
}
