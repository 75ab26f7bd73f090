import type { Ref } from '../../mesh/ref.ts'
import { parseSecretTable } from '../../mesh/secrets.ts'
import type { Step } from '../step.ts'
import { stepId } from '../step.ts'

/** Reads which certificates one proxy has and until when they are valid. Neither a Secret nor a key is read. */
export function secrets(pod: Ref): Step<'secrets'> {
  const name = `${pod.name}.${pod.namespace ?? ''}`
  return {
    id: stepId('secrets', pod),
    kind: 'secrets',
    of: pod,
    group: 'proxies',
    title: `certificates of ${pod.name}`,
    source: `istioctl proxy-config secret ${name}`,
    collect: async ({ istioctl }, signal) => parseSecretTable(await istioctl.run(['proxy-config', 'secret', name], signal)),
  }
}
