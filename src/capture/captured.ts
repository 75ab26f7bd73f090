import type { CaptureFinding } from './findings.ts'
import type { CaptureReport } from './capture-report.ts'
import { streamLine } from './stream-line.ts'

/** What a capture of one pod has shown, as far as a diagnosis uses it. */
export interface CapturedPackets {
  pod: { namespace: string; name: string }
  /** `lo, port 3000, for 30 s, …` */
  plan: string
  /** ISO 8601, UTC; absent where no packet came. */
  begins?: string
  /** Milliseconds. */
  lasts: number
  streamCount: number
  /** Each with a few of its streams, a line each. */
  findings: (CaptureFinding & { quote: string[] })[]
}

const MOST_QUOTED = 3

/** The part of a report that a diagnosis uses. */
export function capturedOf(report: CaptureReport, pod: CapturedPackets['pod'], plan: string): CapturedPackets {
  const { begins, lasts, streamCount, findings, streams } = report
  return {
    pod,
    plan,
    ...(begins !== undefined && { begins }),
    lasts,
    streamCount,
    findings: findings.map((finding) => ({
      ...finding,
      quote: streams
        .filter(({ id }) => finding.streams.includes(id))
        .slice(0, MOST_QUOTED)
        .map(streamLine),
    })),
  }
}
