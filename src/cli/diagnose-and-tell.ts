import { changesOf } from '../fixes/propose.ts'
import { CHECKS } from '../checks/index.ts'
import { examine } from '../diagnosis/examine.ts'
import { reportJson } from '../report/json.ts'
import { reportMarkdown } from '../report/markdown.ts'
import type { LinkTemplate } from '../report/links.ts'
import type { Report } from '../diagnosis/report.ts'
import { reportText } from '../report/text.ts'
import type { Clients } from '../evidence/clients/clients.ts'
import type { TargetQuery } from '../mesh/target-query.ts'
import type { Settings } from './connection.ts'
import type { RecordingOptions } from './recordings.ts'
import { exitCodeOf } from './exit-codes.ts'
import type { BrokenCheck } from './failure.ts'
import { explainBroken } from './failure.ts'
import { announcementHead, leftLines, probeText, probingHead, sentText } from '../report/probing-text.ts'
import { answer, remark } from './output.ts'
import { progressLine } from './progress.ts'

export interface DiagnoseOptions extends RecordingOptions {
  namespace?: string
  context?: string
  output: 'text' | 'json' | 'markdown'
  /** Seconds one look may take. */
  timeout?: number
  verbose?: boolean
  /** How far back requests count, as typed. */
  window?: string
  /** Sends requests of our own by the gateways. */
  probe?: boolean
  /** Other tools that the report links to. */
  links?: readonly LinkTemplate[]
}

/** What a diagnosis keeps to. */
type Limits = Pick<Settings['limits'], 'stepTimeout' | 'concurrency'>

/** Milliseconds that one look may take. */
const stepTimeoutOf = ({ timeout }: DiagnoseOptions, limits: Limits): number =>
  timeout === undefined ? limits.stepTimeout : timeout * 1000

const FORMATS: Record<DiagnoseOptions['output'], (report: Report, options: DiagnoseOptions) => string> = {
  text: (report, { verbose, links }) => reportText(CHECKS, report, { verbose, links }),
  json: (report) => `${JSON.stringify(reportJson(report), null, 2)}\n`,
  markdown: (report, { links }) => reportMarkdown(CHECKS, report, undefined, links),
}

/** Diagnoses and writes the report to standard output; answers the exit code of its verdict. */
export async function diagnoseAndTell(
  query: TargetQuery,
  clients: Clients,
  limits: Limits,
  signal: AbortSignal,
  options: DiagnoseOptions,
): Promise<number> {
  const broken: BrokenCheck[] = []
  const line = progressLine(process.stderr)
  try {
    const examined = await examine(query, clients, CHECKS, {
      signal,
      stepTimeout: stepTimeoutOf(options, limits),
      concurrency: limits.concurrency,
      onBroken: (check, error) => broken.push({ check, error }),
      ...(options.probe === true && { probe: {} }),
      progress: {
        steps: (plan) => line.steps(plan),
        probes(planned) {
          line.clear()
          remark(
            [
              announcementHead(planned),
              ...planned.send.map((one) => `  ${probeText(one)}`),
              ...leftLines(planned.left).map((one) => `  not probed: ${one}`),
            ].join('\n'),
          )
          return Promise.resolve()
        },
      },
    })
    if (examined.probing !== undefined) {
      line.clear()
      remark(
        [`${probingHead(examined.probing)}.`, ...examined.probing.sent.map((one) => `  ${sentText(one)}`)].join('\n'),
      )
    }
    const report: Report = { ...examined, ...changesOf(examined) }
    line.clear()
    if (broken.length > 0) await explainBroken(broken)
    await answer(FORMATS[options.output](report, options))
    return exitCodeOf(report.verdict)
  } finally {
    line.clear()
  }
}
