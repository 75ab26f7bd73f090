import type { Ref } from '../../mesh/ref.ts'
import { parseSecretDump, secretsIn } from '../secret-dump.ts'
import type { Step } from '../step.ts'
import { stepId, togetherOf } from '../step.ts'

/** Reads which certificates one proxy has and until when they are valid. No Secret is read, and Envoy blots out keys before it prints them. */
export function secrets(pod: Ref): Step<'secrets'> {
  const name = `${pod.name}.${pod.namespace ?? ''}`
  return {
    id: stepId('secrets', pod),
    kind: 'secrets',
    of: pod,
    group: 'proxies',
    title: `certificates of ${pod.name}`,
    source: `istioctl proxy-config secret ${name} -o json`,
    together: togetherOf(pod),
    collect: async ({ istioctl }, signal) => {
      const args = ['proxy-config', 'secret', name, '-o', 'json']
      const dump = istioctl.read?.(args, signal)
      return dump === undefined ? parseSecretDump(await istioctl.run(args, signal)) : secretsIn(await dump)
    },
  }
}
