import { parseAnalyzerMessages } from '../../mesh/analyzer.ts'
import { inIstioNamespace } from '../clients/istio-namespace.ts'
import { redact } from '../redaction.ts'
import type { Step } from '../step.ts'

/**
 * Runs Istio's own analyzers over one namespace.
 *
 * @param istioNamespace where the mesh's configuration is, when istioctl would look for it elsewhere
 */
export function analyzerMessages(namespace: string, istioNamespace?: string): Step<'analyzer-messages'> {
  const args = ['analyze', '-n', namespace, ...inIstioNamespace(istioNamespace), '-o', 'json']
  return {
    id: ['analyzer-messages', namespace, istioNamespace].filter((part) => part !== undefined).join(' '),
    kind: 'analyzer-messages',
    of: { kind: 'Namespace', name: namespace },
    group: 'control plane',
    title: `analyzers on ${namespace}`,
    source: `istioctl ${args.join(' ')}`,
    collect: async ({ istioctl }, signal) => parseAnalyzerMessages(redact(await istioctl.run(args, signal))),
  }
}
