import { parseAnalyzerMessages } from '../../mesh/analyzer.ts'
import { redact } from '../redaction.ts'
import type { Step } from '../step.ts'

/** Runs Istio's own analyzers over one namespace. */
export function analyzerMessages(namespace: string): Step<'analyzer-messages'> {
  return {
    id: `analyzer-messages ${namespace}`,
    kind: 'analyzer-messages',
    of: { kind: 'Namespace', name: namespace },
    group: 'control plane',
    title: `analyzers on ${namespace}`,
    source: `istioctl analyze -n ${namespace} -o json`,
    collect: async ({ istioctl }, signal) =>
      parseAnalyzerMessages(redact(await istioctl.run(['analyze', '-n', namespace, '-o', 'json'], signal))),
  }
}
