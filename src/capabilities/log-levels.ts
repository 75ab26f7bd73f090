import { findProxies } from '../leases/find-proxies.ts'
import { UnseenError, type Clients } from '../evidence/clients/clients.ts'
import { readLogLevels } from '../evidence/collectors/log-levels.ts'
import { CONCURRENCY, STEP_TIMEOUT } from '../evidence/gather.ts'
import { redact } from '../evidence/redaction.ts'
import { refOf } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { carryOut } from './carry-out.ts'
import type { Processor, ProcessorDeps } from './processor.ts'
import type { ShownLevels } from './run-thread.ts'

/** Proxies whose levels are read, at most. */
const MOST_PROXIES = 20

/** Shows the log levels of a target's proxies. */
export function logLevels(deps: ProcessorDeps): Processor {
  return carryOut(deps, async ({ request }, _thread, signal) => {
    const { stepTimeout, concurrency } = deps
    const { pods } = await findProxies(parseTarget(request.text, request.namespace), deps.clients, {
      signal,
      stepTimeout,
      concurrency,
    })
    return {
      kind: 'log-levels',
      proxies: await shownLevels(pods.map(refOf), deps.clients, { signal, stepTimeout, concurrency }),
    }
  })
}

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
