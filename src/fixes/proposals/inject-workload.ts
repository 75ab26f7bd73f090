import { isBare, SIDECAR_INJECT, whyBare } from '../drafting/injection.ts'
import { applyTo } from '../manifest.ts'
import { defineFix } from '../proposal.ts'
import { podsOfWorkload, rollsByItself, workloadAt } from '../drafting/workloads.ts'

/** Asks for the sidecar in the workload's own template: of what says no, its label counts most; of what says nothing, it is the narrowest way. */
export const injectWorkload = defineFix({
  act: 'inject-workload',
  about: 'asks for the sidecar in the pod template of a workload, which restarts it',
  codes: ['MESH0502', 'MESH0701', 'MESH0702'],
  propose(finding, evidence) {
    const { subject } = finding
    const workload = workloadAt(subject, evidence)
    const pod = podsOfWorkload(subject, evidence).find(isBare)
    if (workload === undefined || pod === undefined || !rollsByItself(workload)) return []
    const reason = whyBare(pod, evidence)
    // A template must keep the labels its selector asks for, and selectors cannot be changed.
    if (
      (reason !== 'pod refuses' && reason !== 'not asked for') ||
      workload.spec?.selector?.matchLabels?.[SIDECAR_INJECT] !== undefined
    )
      return []
    const refuses = reason === 'pod refuses'
    return [
      {
        act: 'inject-workload',
        for: finding.code,
        title: `Give the pods of ${subject.name} a sidecar`,
        why: refuses
          ? `The template of ${subject.name} says ${SIDECAR_INJECT}=false, which disables injection; the label ${SIDECAR_INJECT}=true enables it.`
          : `Nothing asks for a sidecar for ${subject.name}; the label ${SIDECAR_INJECT}=true on its template does, for this workload alone.`,
        effect: `The pods of ${subject.name} are replaced, according to its rollout strategy, by pods with a sidecar.`,
        risk: refuses
          ? {
              level: 'high',
              says: `Somebody excluded ${subject.name} from injection on purpose: the reason (a protocol, a job that must end, a start that needs the network) may still apply.`,
            }
          : {
              level: 'medium',
              says: `All traffic of ${subject.name} then goes through a sidecar; if the application does not work with it, the first new pod shows it and the rollout stops there.`,
            },
        undo: `Restores the template of ${subject.name}, which replaces its pods again.`,
        writes: [applyTo(workload, { spec: { template: { metadata: { labels: { [SIDECAR_INJECT]: 'true' } } } } })],
      },
    ]
  },
})
