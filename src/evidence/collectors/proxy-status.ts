import type { ProxySync } from '../../mesh/proxy-status.ts'
import { parseProxyStatus } from '../../mesh/proxy-status.ts'
import type { Istioctl } from '../clients/clients.ts'
import { UnseenError } from '../clients/clients.ts'
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
    collect: ({ istioctl }, signal) => readStatus(istioctl, signal),
  }
}

const TOO_OLD = 'this istioctl cannot print the status as JSON, which Istio 1.27 and newer can: install the version of the control plane and set ISTIOCTL to it'

async function readStatus(istioctl: Istioctl, signal: AbortSignal): Promise<ProxySync[]> {
  let text: string
  try {
    text = await istioctl.run(['proxy-status', '-o', 'json'], signal)
  } catch (error) {
    // Before 1.27 the command had no -o.
    if (error instanceof UnseenError && /unknown (shorthand )?flag|output format "json" not supported/.test(error.message)) throw new UnseenError('unparsable', TOO_OLD, { cause: error })
    throw error
  }
  if (/^\s*NAME\s+CLUSTER\b/.test(text)) throw new UnseenError('unparsable', TOO_OLD)
  return parseProxyStatus(redact(text))
}
