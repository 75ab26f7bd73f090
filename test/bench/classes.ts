import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import { replayClients, type Recording } from '../../src/evidence/clients/recording.ts'
import { parseAsk } from '../situation.ts'
import { bigRecording } from './big-mesh.ts'
import { median, round } from './figures.ts'
import { watchTurns } from './turns.ts'

const SERVICES = 2000
const CLASSES = 50
const REQUESTS = 10
const ROUNDS = 7
const ASK = 'catalog -n istioinaction'

/** The last request at a gateway that was answered, again with so many paths, so often each. */
function withClasses(recording: Recording): Recording {
  return {
    ...recording,
    calls: recording.calls.map((entry) => {
      if (!entry.call.startsWith('kubernetes log Pod istio-system/istio-ingressgateway')) return entry
      const lines = (entry.text ?? '').split('\n')
      const pattern = lines.findLast((line) => line.includes('"GET /items HTTP/1.1" 200'))
      if (pattern === undefined) throw new Error('the recording has no request that was answered')
      const more = Array.from({ length: CLASSES * REQUESTS }, (_, n) =>
        pattern
          .replace('/items ', `/items/${n % CLASSES} `)
          // Requests have ids of their own.
          .replace(/"[0-9a-f]{8}(?=(?:-[0-9a-f]{4}){3}-)/, `"${n.toString(16).padStart(8, '0')}`),
      )
      return { ...entry, text: [...lines, ...more].join('\n') }
    }),
  }
}

/** What a diagnosis does after its last look: judging, following every class, blame and verdict, in a mesh of 2,000 services. */
export async function benchClasses(): Promise<Record<string, unknown>> {
  const recording = withClasses(bigRecording(SERVICES))
  const judging: number[] = []
  const processor: number[] = []
  const blocked: number[] = []
  let followed = 0
  for (let one = 0; one <= ROUNDS; one += 1) {
    let began = 0
    let usage = process.cpuUsage()
    let turns: { end: () => number } | undefined
    const report = await examine(parseAsk(ASK), replayClients(recording), CHECKS, {
      progress: {
        steps(plan) {
          // The last of these calls is that of the last look.
          if (plan.some(({ outcome }) => outcome === 'waiting' || outcome === 'running')) return
          turns?.end()
          turns = watchTurns()
          began = performance.now()
          usage = process.cpuUsage()
        },
      },
    })
    const took = performance.now() - began
    const { user, system } = process.cpuUsage(usage)
    const longest = turns?.end() ?? 0
    followed = report.requests.length
    // The first round warms up.
    if (one === 0) continue
    judging.push(took)
    processor.push((user + system) / 1000)
    blocked.push(longest)
  }
  return {
    services: SERVICES,
    classes: followed,
    rounds: ROUNDS,
    judgingMilliseconds: round(median(judging)),
    processorMilliseconds: round(median(processor)),
    blockedMilliseconds: round(median(blocked)),
    wanted: 'judging <= 300, blocked <= 50',
  }
}
