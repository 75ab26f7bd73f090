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
          ? `The template of ${subject.name} says ${SIDECAR_INJECT}=false, which keeps the injector out; the label ${SIDECAR_INJECT}=true lets it in.`
          : `Nothing asks for a sidecar for ${subject.name}; the label ${SIDECAR_INJECT}=true on its template does, for this workload alone.`,
        effect: `The pods of ${subject.name} are replaced, as its rollout strategy says, by pods with a sidecar.`,
        risk: refuses
          ? {
              level: 'high',
              says: `Somebody kept the sidecar out of ${subject.name} on purpose: what they feared (a protocol, a job that must end, a start that needs the network) may come true.`,
            }
          : {
              level: 'medium',
              says: `All traffic of ${subject.name} passes a sidecar from then on; an application that cannot bear it shows at the first new pod, where the rollout stops.`,
            },
        undo: `Puts the template of ${subject.name} back as it was, which replaces its pods again.`,
        writes: [applyTo(workload, { spec: { template: { metadata: { labels: { [SIDECAR_INJECT]: 'true' } } } } })],
      },
    ]
  },
})
