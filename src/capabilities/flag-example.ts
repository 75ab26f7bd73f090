import { z } from 'zod'
import type { FlagExample } from '../diagnosis/flag-example.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { flagExampleHeadline } from '../report/flag-example-text.ts'
import { defineCapability } from './capability.ts'
import { findFlagExample } from './find-flag-example.ts'

const FlagExampleRequest = z.object({
  kind: z.literal('flag-example'),
  text: z.string(),
  namespace: z.string().optional(),
  /** As Envoy abbreviates them. */
  flags: z.array(z.string()).min(1),
})

const FlagExampleAnswer = z.object({
  kind: z.literal('flag-example'),
  found: z.custom<FlagExample>((value) => typeof value === 'object' && value !== null && 'proxies' in value),
})
export type FlagExampleAnswer = z.infer<typeof FlagExampleAnswer>

/** Response flags, explained by the latest request to a target that has one. */
export const flagExample = defineCapability({
  kind: 'flag-example',
  request: FlagExampleRequest,
  answer: FlagExampleAnswer,
  role: 'viewer',
  audit: { asked: 'diagnosis-asked' },
  async work(
    { clients, stepTimeout, concurrency },
    { request: { text, namespace, flags } },
    _thread,
    signal,
  ): Promise<FlagExampleAnswer> {
    const limits = { signal, stepTimeout, concurrency }
    return { kind: 'flag-example', found: await findFlagExample(parseTarget(text, namespace), flags, clients, limits) }
  },
  outcome: ({ found }) => ({ verdict: 'shown', sentence: flagExampleHeadline(found) }),
})
