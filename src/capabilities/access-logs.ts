import { z } from 'zod'
import { providersIn } from '../leases/access-logs/choose-provider.ts'
import { findWorkloads, type FoundWorkloads } from '../leases/access-logs/find-workloads.ts'
import { defined } from '../mesh/defined.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { AskedTarget } from '../store/runs.ts'
import { defineCapability } from './capability.ts'

/** Workloads that are shown, at most. */
const MOST_WORKLOADS = 20

const Workload = z.object({ kind: z.string(), name: z.string(), namespace: z.string().exactOptional() })
/** Whether a workload's proxies log requests; `says` where it is not known. */
const ShownWorkload = z.object({
  workload: Workload,
  pods: z.number(),
  isOn: z.boolean().exactOptional(),
  says: z.string().exactOptional(),
})
export type ShownWorkload = z.infer<typeof ShownWorkload>

const AccessLogsAnswer = z.object({
  kind: z.literal('access-logs'),
  workloads: z.array(ShownWorkload),
  /** Those that print to the proxy's output, by name. */
  providers: z.array(z.string()),
})
export type AccessLogsAnswer = z.infer<typeof AccessLogsAnswer>

/** Shows which of a target's workloads log their requests. */
export const accessLogs = defineCapability({
  kind: 'access-logs',
  request: z.object({
    kind: z.literal('access-logs'),
    text: z.string(),
    namespace: z.string().optional(),
    target: AskedTarget.optional(),
  }),
  answer: AccessLogsAnswer,
  role: 'viewer',
  audit: { asked: 'access-logs-asked' },
  async work({ clients, stepTimeout, concurrency }, { request }, _thread, signal): Promise<AccessLogsAnswer> {
    const query = parseTarget(request.text, request.namespace)
    return shownAccessLogs(await findWorkloads(query, clients, { signal, stepTimeout, concurrency }))
  },
  outcome: ({ workloads }) => ({
    verdict: 'shown',
    sentence: `${workloads.filter(({ isOn }) => isOn === false).length} of ${workloads.length} workloads log no requests`,
  }),
})

/** What was found, as it is shown and kept. */
export const shownAccessLogs = ({ workloads, mesh, unread }: FoundWorkloads): AccessLogsAnswer => ({
  kind: 'access-logs',
  workloads: workloads
    .slice(0, MOST_WORKLOADS)
    .map(({ ref, pods, isOn, why }) => ({ workload: ref, pods: pods.length, ...defined({ isOn, says: why }) })),
  providers: unread === undefined ? providersIn(mesh).map(({ name }) => name) : [],
})
