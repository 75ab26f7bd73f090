import { z } from 'zod'
import { UnseenError, type Clients } from '../evidence/clients/clients.ts'
import { readLogLevels } from '../evidence/collectors/log-levels.ts'
import { CONCURRENCY, STEP_TIMEOUT } from '../evidence/gather.ts'
import { redact } from '../evidence/redaction.ts'
import { findProxies } from '../leases/find-proxies.ts'
import { refOf } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { AskedTarget } from '../store/runs.ts'
import { defineCapability } from './capability.ts'

/** Proxies whose levels are read, at most. */
const MOST_PROXIES = 20

const Pod = z.object({ kind: z.string(), name: z.string(), namespace: z.string().exactOptional() })
/** Log levels of one proxy; `says` when they could not be read. */
const ShownLevels = z.union([
  z.object({ pod: Pod, levels: z.record(z.string(), z.string()) }),
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
    target: AskedTarget.optional(),
  }),
  answer: LogLevelsAnswer,
  role: 'viewer',
  audit: { asked: 'log-levels-asked' },
  async work({ clients, stepTimeout, concurrency }, { request }, _thread, signal): Promise<LogLevelsAnswer> {
    const limits = { signal, stepTimeout, concurrency }
    const { pods } = await findProxies(parseTarget(request.text, request.namespace), clients, limits)
    return { kind: 'log-levels', proxies: await shownLevels(pods.map(refOf), clients, limits) }
  },
  outcome: ({ proxies }) => ({ verdict: 'shown', sentence: `log levels of ${proxies.length} proxies` }),
})

/** Reads the log levels of proxies, of the first 20; why not, of those that do not answer. @throws the signal's reason */
export async function shownLevels(
  pods: readonly Ref[],
  { istioctl }: Pick<Clients, 'istioctl'>,
  {
    signal,
    stepTimeout = STEP_TIMEOUT,
    concurrency = CONCURRENCY,
  }: { signal: AbortSignal; stepTimeout?: number | undefined; concurrency?: number | undefined },
): Promise<ShownLevels[]> {
  const read = async (pod: Ref): Promise<ShownLevels> => {
    try {
      return {
        pod,
        levels: await readLogLevels(pod, istioctl, AbortSignal.any([signal, AbortSignal.timeout(stepTimeout)])),
      }
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
