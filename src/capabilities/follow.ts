import { z } from 'zod'
import { parseFollow } from '../diagnosis/follow/question.ts'
import type { FollowReport } from '../diagnosis/follow/report.ts'
import { follow as followRequest } from '../diagnosis/follow.ts'
import { defineCapability } from './capability.ts'

const FollowAnswer = z.object({
  kind: z.literal('follow'),
  report: z.custom<FollowReport>((value) => typeof value === 'object' && value !== null && 'hops' in value),
})
export type FollowAnswer = z.infer<typeof FollowAnswer>

/** Follows one request through its proxies and tells the thread, hop by hop. */
export const follow = defineCapability({
  kind: 'follow',
  request: z.object({
    kind: z.literal('follow'),
    text: z.string(),
    namespace: z.string().optional(),
    /** As typed after the host. */
    follow: z
      .object({ from: z.string().optional(), method: z.string().optional(), headers: z.array(z.string()).optional() })
      .optional(),
  }),
  answer: FollowAnswer,
  role: 'viewer',
  audit: { asked: 'diagnosis-asked' },
  async work(deps, { request: { text, namespace, follow: words = {} } }, _thread, signal): Promise<FollowAnswer> {
    const question = parseFollow(text, { namespace, ...words })
    const { stepTimeout, concurrency } = deps
    return { kind: 'follow', report: await followRequest(question, deps.clients, { signal, stepTimeout, concurrency }) }
  },
  outcome: ({ report }) => ({ verdict: report.outcome, sentence: report.headline }),
})
