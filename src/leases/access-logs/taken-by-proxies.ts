import { setTimeout as pause } from 'node:timers/promises'
import { isSilent } from '../../checks/facts/access-logs-off.ts'
import type { Clients } from '../../evidence/clients/clients.ts'
import { proxyConfig } from '../../evidence/collectors/proxy-config.ts'
import { Evidence } from '../../evidence/evidence.ts'
import { Gathering } from '../../evidence/gather.ts'
import { refOf, type Pod } from '../../mesh/objects.ts'

/** Proxies that are asked; those of one workload are alike. */
const ASKED = 3
/** Milliseconds istiod and the proxies have to take a Telemetry object, and between two looks. */
const PATIENCE = 10_000
const EVERY = 500

/**
 * Waits until proxies log requests, as their own configuration says: that a Telemetry object is there does not mean that they took it.
 * @returns what to say of it; undefined without pods
 * @throws the signal's reason
 */
export async function takenByProxies(
  pods: readonly Pod[],
  clients: Clients,
  { signal, patience = PATIENCE }: { signal: AbortSignal; patience?: number },
): Promise<string | undefined> {
  const asked = pods.slice(0, ASKED)
  if (asked.length === 0) return undefined
  for (const late = Date.now() + patience; ;) {
    const count = await logging(asked, clients, signal)
    const proxies = asked.length === 1 ? 'proxy' : 'proxies'
    if (count === asked.length) return `seen in the configuration of ${count} ${proxies}`
    if (Date.now() > late)
      return `seen in the configuration of ${count} of ${asked.length} ${proxies} within ${patience / 1000} s: the others may follow, or the Telemetry object has no effect on them`
    // It rejects with an error of its own, not with the signal's reason.
    await pause(EVERY, undefined, { signal }).catch((error: unknown) => {
      signal.throwIfAborted()
      throw error
    })
  }
}

async function logging(pods: readonly Pod[], clients: Clients, signal: AbortSignal): Promise<number> {
  const gathering = new Gathering(clients, { signal })
  await gathering.gather(pods.map((pod) => proxyConfig('listeners', refOf(pod))))
  const evidence = new Evidence(gathering.readings)
  return pods.filter((pod) => {
    const listeners = evidence.seenOf('listeners', refOf(pod))
    return listeners !== undefined && isSilent(pod, listeners.value) === false
  }).length
}
