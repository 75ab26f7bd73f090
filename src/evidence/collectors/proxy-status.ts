import type { ProxySync } from '../../mesh/proxy-status.ts'
import { parseProxyStatus } from '../../mesh/proxy-status.ts'
import type { Istioctl } from '../clients/clients.ts'
import { inIstioNamespace } from '../clients/istio-namespace.ts'
import { UnseenError } from '../clients/clients.ts'
import { redact } from '../redaction.ts'
import type { Step } from '../step.ts'

/** The arguments that ask the istiods of the default revision. */
export const STATUS: readonly string[] = ['proxy-status', '-o', 'json']

/**
 * Asks every istiod of a revision, or of the default one, which proxies are connected and how far each has taken its configuration.
 *
 * @param istioNamespace where these istiods run, when istioctl would look for them elsewhere
 */
export function proxyStatus(revision?: string, istioNamespace?: string): Step<'proxy-status'> {
  const args = [
    'proxy-status',
    ...(revision === undefined ? [] : ['--revision', revision]),
    ...inIstioNamespace(istioNamespace),
    '-o',
    'json',
  ]
  return {
    id: ['proxy-status', revision, istioNamespace].filter((part) => part !== undefined).join(' '),
    kind: 'proxy-status',
    group: 'control plane',
    title: `sync of every proxy with istiod${revision === undefined ? '' : ` of revision ${revision}`}`,
    source: `istioctl ${args.join(' ')}`,
    collect: ({ istioctl }, signal) => readStatus(istioctl, args, signal),
  }
}

const TOO_OLD =
  'this istioctl cannot print the status as JSON, which Istio 1.27 and newer can: install the version of the control plane and set ISTIOCTL to it'

async function readStatus(istioctl: Istioctl, args: readonly string[], signal: AbortSignal): Promise<ProxySync[]> {
  let text: string
  try {
    text = await istioctl.run(args, signal)
  } catch (error) {
    // Before 1.27 the command had no -o.
    if (
      error instanceof UnseenError &&
      /unknown (shorthand )?flag|output format "json" not supported/.test(error.message)
    )
      throw new UnseenError('unparsable', TOO_OLD, { cause: error })
    throw error
  }
  if (/^\s*NAME\s+CLUSTER\b/.test(text)) throw new UnseenError('unparsable', TOO_OLD)
  return parseProxyStatus(redact(text))
}
