import { UnseenError, type Kubernetes } from '../evidence/clients/clients.ts'
import { RESOURCES } from '../evidence/collectors/objects.ts'

/** The namespace that every cluster has from its beginning: its UID names the cluster, whatever address or context it is reached by. */
const FIRST = 'kube-system'

const known = new WeakMap<Kubernetes, Promise<string | undefined>>()

/**
 * Which cluster this is; asked once per client. Undefined where it may not be asked.
 * @throws UnseenError when the API server does not answer
 */
export function clusterId(kubernetes: Kubernetes, signal: AbortSignal): Promise<string | undefined> {
  const before = known.get(kubernetes)
  if (before !== undefined) return before
  const asking = ask(kubernetes, signal)
  known.set(kubernetes, asking)
  asking.catch(() => known.delete(kubernetes))
  return asking
}

async function ask(kubernetes: Kubernetes, signal: AbortSignal): Promise<string | undefined> {
  try {
    const namespaces = await kubernetes.list(RESOURCES.namespaces, { fields: `metadata.name=${FIRST}` }, signal)
    return namespaces.find(({ metadata }) => metadata.name === FIRST)?.metadata.uid
  } catch (error) {
    if (error instanceof UnseenError && error.reason === 'forbidden') return undefined
    throw error
  }
}
