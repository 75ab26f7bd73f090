import { z } from 'zod'
import { UnseenError, type Clients } from '../evidence/clients/clients.ts'
import { readLogLevels, type LogLevels } from '../evidence/collectors/log-levels.ts'
import { CONCURRENCY, STEP_TIMEOUT } from '../evidence/gather.ts'
import { redact } from '../evidence/redaction.ts'
import { readZtunnelLevels } from '../evidence/collectors/ztunnel-levels.ts'
import { findProxies } from '../leases/find-proxies.ts'
import { findZtunnels, whomTheyServe } from '../leases/find-ztunnels.ts'
import { defined } from '../mesh/defined.ts'
import { refOf, type Pod as ZtunnelPod } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { AskedTarget } from '../store/runs.ts'
import { defineCapability } from './capability.ts'

/** Proxies whose levels are read, at most. */
const MOST_PROXIES = 20

const Pod = z.object({ kind: z.string(), name: z.string(), namespace: z.string().exactOptional() })
/** Log levels of one proxy; `says` when they could not be read. */
const ShownLevels = z.union([
  z.object({
    pod: Pod,
    levels: z.record(z.string(), z.string()),
    /** Of a ztunnel: whose traffic it takes. */
    serves: z.string().exactOptional(),
  }),
  z.object({ pod: Pod, says: z.string() }),
])
export type ShownLevels = z.infer<typeof ShownLevels>

const LogLevelsAnswer = z.object({ kind: z.literal('log-levels'), proxies: z.array(ShownLevels) })
export type LogLevelsAnswer = z.infer<typeof LogLevelsAnswer>

/** Shows the log levels of a target's proxies. */
export const logLevels = defineCapability({
  kind: 'log-levels',
  request: z.object({
    kind: z.literal('log-levels'),
    text: z.string(),
    namespace: z.string().optional(),
    /** Those of the ztunnels that serve its pods. */
    ztunnel: z.boolean().optional(),
    target: AskedTarget.optional(),
  }),
  answer: LogLevelsAnswer,
  role: 'viewer',
  audit: { asked: 'log-levels-asked' },
  async work({ clients, stepTimeout, concurrency }, { request }, _thread, signal): Promise<LogLevelsAnswer> {
    const limits = { signal, stepTimeout, concurrency }
    const query = parseTarget(request.text, request.namespace)
    if (request.ztunnel === true) {
      const { pods } = await findZtunnels(query, clients, limits)
      return { kind: 'log-levels', proxies: await shownZtunnelLevels(pods, clients, limits) }
    }
    const { pods } = await findProxies(query, clients, limits)
    return { kind: 'log-levels', proxies: await shownLevels(pods.map(refOf), clients, limits) }
  },
  outcome: ({ proxies }) => ({ verdict: 'shown', sentence: `log levels of ${proxies.length} proxies` }),
})

interface Limits {
  signal: AbortSignal
  stepTimeout?: number | undefined
  concurrency?: number | undefined
}

/** Reads the log levels of proxies, of the first 20; why not, of those that do not answer. @throws the signal's reason */
export const shownLevels = (
  pods: readonly Ref[],
  { istioctl }: Pick<Clients, 'istioctl'>,
  limits: Limits,
): Promise<ShownLevels[]> => shownBy((pod, signal) => readLogLevels(pod, istioctl, signal), pods, limits)

/** The same of ztunnels, each with whom it serves. @throws the signal's reason */
export async function shownZtunnelLevels(
  pods: readonly ZtunnelPod[],
  clients: Pick<Clients, 'kubernetes' | 'portForward'>,
  limits: Limits,
): Promise<ShownLevels[]> {
  const [shown, served] = await Promise.all([
    shownBy((pod, signal) => readZtunnelLevels(pod, clients.portForward, signal), pods.map(refOf), limits),
    whomTheyServe(pods.slice(0, MOST_PROXIES), clients, limits),
  ])
  return shown.map((one, at) => ('levels' in one ? { ...one, ...defined({ serves: served[at] }) } : one))
}

async function shownBy(
  levelsOf: (pod: Ref, signal: AbortSignal) => Promise<LogLevels>,
  pods: readonly Ref[],
  { signal, stepTimeout = STEP_TIMEOUT, concurrency = CONCURRENCY }: Limits,
): Promise<ShownLevels[]> {
  const read = async (pod: Ref): Promise<ShownLevels> => {
    try {
      return { pod, levels: await levelsOf(pod, AbortSignal.any([signal, AbortSignal.timeout(stepTimeout)])) }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof UnseenError)) throw error
      return { pod, says: redact(error.message) }
    }
  }
  const wanted = pods.slice(0, MOST_PROXIES)
  const shown: ShownLevels[] = []
  for (let at = 0; at < wanted.length; at += concurrency)
    shown.push(...(await Promise.all(wanted.slice(at, at + concurrency).map(read))))
  return shown
}
