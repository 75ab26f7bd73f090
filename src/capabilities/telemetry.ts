import { z } from 'zod'
import type { Telemetry } from '../diagnosis/telemetry/report.ts'
import { telemetryOf } from '../diagnosis/telemetry/telemetry.ts'
import { defined } from '../mesh/defined.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { telemetryHeadline } from '../report/telemetry-text.ts'
import { defineCapability } from './capability.ts'

const TelemetryRequest = z.object({
  kind: z.literal('telemetry'),
  text: z.string(),
  namespace: z.string().optional(),
  /** Seconds. */
  window: z.number().int().positive().optional(),
})

const TelemetryAnswer = z.object({
  kind: z.literal('telemetry'),
  telemetry: z.custom<Telemetry>((value) => typeof value === 'object' && value !== null && 'differences' in value),
})
export type TelemetryAnswer = z.infer<typeof TelemetryAnswer>

/** What Prometheus counted of a target's requests at both ends, and why the ends differ. */
export const telemetry = defineCapability({
  kind: 'telemetry',
  request: TelemetryRequest,
  answer: TelemetryAnswer,
  role: 'viewer',
  audit: { asked: 'diagnosis-asked' },
  async work(
    { clients, stepTimeout },
    { request: { text, namespace, window } },
    _thread,
    signal,
  ): Promise<TelemetryAnswer> {
    const query = parseTarget(text, namespace)
    return {
      kind: 'telemetry',
      telemetry: await telemetryOf(query, clients, { signal, ...defined({ window, stepTimeout }) }),
    }
  },
  outcome: ({ telemetry: found }) => ({
    verdict: found.client === undefined && found.server === undefined ? 'unclear' : 'shown',
    sentence: telemetryHeadline(found),
  }),
})
