import { CHECKS } from '../../src/checks/index.ts'
import { followTarget } from '../../src/diagnosis/follow-target.ts'
import { judge } from '../../src/diagnosis/judge.ts'
import { completeTarget } from '../../src/diagnosis/complete-target.ts'
import { resolveTarget } from '../../src/diagnosis/resolve-target.ts'
import { trafficFigure } from '../../src/diagnosis/traffic-figure.ts'
import { Evidence } from '../../src/evidence/evidence.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import { replay } from '../replay.ts'
import { parseAsk, readSituation, situations } from '../situation.ts'
import { median, round, timed } from './figures.ts'
import { withManyPods } from './many-pods.ts'
import { watchTurns } from './turns.ts'

const SITUATION = 'application-errors'
const REQUESTS = 4000
const SIZES = [100, 300, 1000, 3000]
const ROUNDS = 7

/** Judging a mesh of many pods and requests: time by size, and the longest that nothing else in the process had a turn. */
export async function benchJudge(): Promise<Record<string, unknown>> {
  const report = await replay(`${SITUATION}/ill`)
  const sizes: Record<string, unknown> = {}
  for (const pods of SIZES) sizes[pods] = await measured(report, SITUATION, pods)
  const worst = { situation: '', processor: 0, blocked: 0 }
  for (const { name } of situations()) {
    const { processor, blocked } = await measured(await replay(`${name}/ill`), name, 1000, 3)
    if (processor > worst.processor) Object.assign(worst, { situation: name, processor })
    worst.blocked = Math.max(worst.blocked, blocked)
  }
  return {
    situation: SITUATION,
    requests: REQUESTS,
    byPods: sizes,
    worstOfAllAt1000Pods: worst,
    wanted: 'judging <= 50 at 1,000 pods, blocked <= 50, milliseconds per pod about the same at all sizes',
  }
}

interface Figures {
  /** Milliseconds, the median of some rounds. */
  judging: number
  /** The same in milliseconds of processor time, which other work on the machine does not lengthen. */
  processor: number
  /** What a diagnosis does besides with what it has seen: the index, the target, the figure of traffic, the request followed. */
  besides: number
  /** The longest stretch of judging without a turn for others, in the median round. */
  blocked: number
  findings: number
}

async function measured(report: Report, situation: string, pods: number, rounds = ROUNDS): Promise<Figures> {
  const readings = withManyPods(report.readings, report.target, { pods, requests: REQUESTS })
  const judging: number[] = []
  const processor: number[] = []
  const besides: number[] = []
  const blocked: number[] = []
  let findings = 0
  for (let one = 0; one <= rounds; one += 1) {
    const began = performance.now()
    const evidence = new Evidence(readings)
    const target = completeTarget(resolveTarget(parseAsk(readSituation(situation).ask), evidence), evidence)
    const indexed = performance.now() - began
    const turns = watchTurns()
    const usage = process.cpuUsage()
    const took = await timed(async () => {
      const judgement = await judge(CHECKS, evidence, target, {
        onBroken: (check, error) => {
          throw new Error(`${check} broke`, { cause: error })
        },
      })
      findings = judgement.findings.length
    })
    const { user, system } = process.cpuUsage(usage)
    const longest = turns.end()
    const rest = await timed(() => {
      trafficFigure(evidence, target)
      followTarget(target, evidence, { context: undefined, at: report.finishedAt })
      return Promise.resolve()
    })
    // The first round warms up.
    if (one === 0) continue
    judging.push(took)
    processor.push((user + system) / 1000)
    besides.push(indexed + rest)
    blocked.push(longest)
  }
  return {
    judging: round(median(judging)),
    processor: round(median(processor)),
    besides: round(median(besides)),
    blocked: round(median(blocked)),
    findings,
  }
}
