import { parseProxyStatus } from '../../mesh/proxy-status.ts'
import { redact } from '../redaction.ts'
import type { Step } from '../step.ts'

/** Asks every istiod which proxies are connected and how far each has taken its configuration. */
export function proxyStatus(): Step<'proxy-status'> {
  return {
    id: 'proxy-status',
    kind: 'proxy-status',
    group: 'control plane',
    title: 'sync of every proxy with istiod',
    source: 'istioctl proxy-status -o json',
    collect: async ({ istioctl }, signal) => parseProxyStatus(redact(await istioctl.run(['proxy-status', '-o', 'json'], signal))),
  }
}
