import type { Evidence } from '../../evidence/evidence.ts'
import { formatRef, type Ref } from '../../mesh/ref.ts'
import { textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import type { ApplyWrite } from '../proposal.ts'
import { defineFix } from '../proposal.ts'
import { undoText } from '../drafting/undo-text.ts'

/** A Service says in an annotation what other kinds say in exportTo. */
const ANNOTATION = 'networking.istio.io/exportTo'

/** Exports what a caller lacks to the caller's namespace, too. */
export const exportToCaller = defineFix({
  act: 'export-to-caller',
  about: "exports a DestinationRule, Service or ServiceEntry to the caller's namespace too",
  codes: ['MESH0113', 'MESH0117'],
  propose(finding, evidence) {
    const { subject, code } = finding
    const caller = textArg(finding, 'caller')
    const write = exported(subject, caller, evidence)
    if (write === undefined) return []
    const ref = formatRef(subject)
    const what =
      code === 'MESH0113'
        ? `subsets ${textArg(finding, 'subsets')} of ${textArg(finding, 'host')}`
        : textArg(finding, 'host')
    return [
      {
        act: 'export-to-caller',
        for: code,
        title: `Export ${subject.kind} ${subject.name} to ${caller}`,
        why: `Proxies in namespace ${caller} are routed to ${what}, and ${ref} is not exported to them, so they have no such cluster.`,
        effect: `Proxies in namespace ${caller} get ${ref}${code === 'MESH0113' ? ', with all of its traffic policy' : ''}; no namespace loses it.`,
        risk: {
          level: 'medium',
          says: `${ref} may have been hidden from other namespaces on purpose: all callers in ${caller} get it, not only the one that fails.`,
        },
        undo: undoText([write]),
        writes: [write],
      },
    ]
  },
})

/** Undefined when the object's export is not what hides it. */
function exported({ kind, namespace = '', name }: Ref, caller: string, evidence: Evidence): ApplyWrite | undefined {
  if (kind === 'Service') {
    const service = evidence.object('services', namespace, name)
    const list = service?.metadata.annotations?.[ANNOTATION]
    return service === undefined || list === undefined
      ? undefined
      : applyTo(service, { annotations: { [ANNOTATION]: `${list},${caller}` } })
  }
  const object = evidence.object(kind === 'ServiceEntry' ? 'service-entries' : 'destination-rules', namespace, name)
  const list = object?.spec?.exportTo ?? []
  const bound =
    kind === 'DestinationRule' &&
    evidence.object('destination-rules', namespace, name)?.spec?.workloadSelector !== undefined
  return object === undefined || list.length === 0 || list.includes(caller) || list.includes('*') || bound
    ? undefined
    : applyTo(object, { spec: { exportTo: [...list, caller] } })
}
