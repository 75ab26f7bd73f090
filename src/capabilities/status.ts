import { z } from 'zod'
import type { MeshStatus } from '../diagnosis/mesh-status.ts'
import { defined } from '../mesh/defined.ts'
import { statusHeadline, statusVerdict } from '../report/mesh-status-text.ts'
import { defineCapability } from './capability.ts'

const StatusRequest = z.object({
  kind: z.literal('status'),
  text: z.string(),
  namespace: z.string().optional(),
})

const StatusAnswer = z.object({
  kind: z.literal('status'),
  status: z.custom<MeshStatus>((value) => typeof value === 'object' && value !== null && 'proxies' in value),
})
export type StatusAnswer = z.infer<typeof StatusAnswer>

/** How the proxies of the mesh, or of one namespace, stand with istiod. */
export const status = defineCapability({
  kind: 'status',
  request: StatusRequest,
  answer: StatusAnswer,
  role: 'viewer',
  audit: { asked: 'diagnosis-asked' },
  async work({ meshStatus, clients }, { request }, _thread, signal): Promise<StatusAnswer> {
    const found = await meshStatus(clients, { signal, ...defined({ namespace: request.namespace }) })
    return { kind: 'status', status: found }
  },
  outcome: (answer) => ({ verdict: statusVerdict(answer.status), sentence: statusHeadline(answer.status) }),
})
