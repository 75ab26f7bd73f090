import type { PlannedStep } from '../diagnosis/report.ts'

/** Where progress is drawn: standard error, or a stand-in in tests. */
export interface Canvas {
  isTTY?: boolean | undefined
  columns?: number | undefined
  write(text: string): unknown
}

/** One updating line; `clear` takes it away. */
export interface ProgressLine {
  steps(plan: readonly PlannedStep[]): void
  clear(): void
}

const ERASE = '\r\u001b[2K'
const SILENT: ProgressLine = { steps: () => undefined, clear: () => undefined }

/** `7 of 31  clusters of catalog-6bb876bc79-gvmmt, +3` */
function describe(plan: readonly PlannedStep[]): string {
  const done = plan.filter(({ outcome }) => outcome === 'seen' || outcome === 'blind').length
  const running = plan.filter(({ outcome }) => outcome === 'running')
  const blind = plan.filter(({ outcome }) => outcome === 'blind').length
  const others = running.length > 1 ? `, +${running.length - 1}` : ''
  return `${done} of ${plan.length}${blind === 0 ? '' : `, ${blind} not seen`}  ${running[0]?.title ?? ''}${others}`
}

/** Draws progress on a terminal; on anything else nothing at all. */
export function progressLine(canvas: Canvas): ProgressLine {
  if (canvas.isTTY !== true) return SILENT
  let drawn = ''
  return {
    steps(plan) {
      const line = describe(plan).slice(0, (canvas.columns ?? 80) - 1)
      if (line === drawn) return
      drawn = line
      canvas.write(`${ERASE}${line}`)
    },
    clear() {
      if (drawn !== '') canvas.write(ERASE)
      drawn = ''
    },
  }
}
