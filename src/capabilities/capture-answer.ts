import { z } from 'zod'
import type { CaptureReport } from '../capture/capture-report.ts'

/** It waits until it is approved. */
export const WaitingAnswer = z.object({ kind: z.literal('capture'), approval: z.string() })

export const ExplainedAnswer = z.object({
  kind: z.literal('capture'),
  lease: z.string(),
  /** `shop/catalog-1` */
  pod: z.string(),
  plan: z.string(),
  report: z.custom<CaptureReport>((value) => typeof value === 'object' && value !== null && 'streams' in value),
  /** The capture itself: pcap as base64; absent when it is larger than what is kept. */
  pcap: z.string().optional(),
})
/** A capture, explained. */
export type CaptureAnswer = z.infer<typeof ExplainedAnswer>
