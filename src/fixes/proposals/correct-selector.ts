import { formatRef } from '../../mesh/ref.ts'
import { textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import { livePods } from '../drafting/pods-of-host.ts'
import type { Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'
import { formatLabels, labelsLike } from '../drafting/subset-labels.ts'
import { undoText } from '../drafting/undo-text.ts'
import { counted } from '../drafting/words.ts'

/** Lets a Service select pods whose labels are nearly those it asks for. */
export const correctSelector = defineFix({
  act: 'correct-selector',
  about: 'makes a Service select the pods whose labels nearly match its selector',
  codes: ['MESH0303'],
  propose(finding, evidence) {
    const { subject, code } = finding
    const service = evidence.object('services', subject.namespace ?? '', subject.name)
    const selector = service?.spec?.selector ?? {}
    // Server-side apply does not take away a key that another manager owns: only values can be corrected.
    const candidates = labelsLike(selector, livePods(subject.namespace, evidence)).filter(({ labels }) =>
      Object.keys(selector).every((key) => key in labels),
    )
    if (service === undefined || candidates.length === 0)
      return {
        people: `No pod of namespace ${subject.namespace ?? ''} has labels like ${textArg(finding, 'selector')}. Whoever owns ${formatRef(subject)} decides: deploy the pods, or select others.`,
      }
    return candidates.map(({ labels, selected }): Proposal => {
      const changed = Object.fromEntries(Object.entries(labels).filter(([key, value]) => selector[key] !== value))
      const write = applyTo(service, { spec: { selector: changed } })
      return {
        act: 'correct-selector',
        for: code,
        title: `Make ${subject.name} select ${formatLabels(changed)}`,
        why: `${formatRef(subject)} selects ${formatLabels(selector)}, which no pod has; ${formatLabels(labels)} is on ${counted(selected.length, 'pod')}: ${selected
          .slice(0, 3)
          .map(({ name }) => name)
          .join(', ')}${selected.length > 3 ? ' …' : ''}.`,
        effect: `All requests to ${subject.name} go to ${selected.length === 1 ? 'this pod' : 'these pods'}.`,
        risk: {
          level: candidates.length === 1 ? 'low' : 'medium',
          says: 'The Service has no endpoint today: only requests that fail are affected.',
        },
        undo: undoText([write]),
        writes: [write],
        ...(candidates.length > 1 && { choice: formatLabels(changed) }),
      }
    })
  },
})
