import type { Ref } from '../../mesh/ref.ts'
import { inShape } from '../../mesh/shape/answer.ts'
import type { EvidenceMap } from '../reading.ts'
import type { Step } from '../step.ts'
import { stepId, togetherOf } from '../step.ts'

/** The four parts of a proxy's configuration a request passes, in its order. */
export const PROXY_CONFIG_KINDS = ['listeners', 'routes', 'clusters', 'endpoints'] as const
export type ProxyConfigKind = (typeof PROXY_CONFIG_KINDS)[number]

/** Reads one part of a proxy's live configuration. Secrets are no part of these four. */
export function proxyConfig<K extends ProxyConfigKind>(kind: K, pod: Ref): Step<K> {
  const name = `${pod.name}.${pod.namespace ?? ''}`
  return {
    id: stepId(kind, pod),
    kind,
    of: pod,
    group: 'proxies',
    title: `${kind} of ${pod.name}`,
    source: `istioctl proxy-config ${kind} ${name} -o json`,
    together: togetherOf(pod),
    collect: async ({ istioctl }, signal) => {
      const args = ['proxy-config', kind, name, '-o', 'json']
      const read = istioctl.read?.(args, signal)
      const parsed: unknown = read === undefined ? JSON.parse(await istioctl.run(args, signal)) : await read
      if (parsed === null) return []
      return inShape(kind, parsed as EvidenceMap[K])
    },
  }
}
