import { deletionOf } from '../drafting/deletion.ts'
import { textArg } from '../drafting/finding-args.ts'
import { defineFix } from '../proposal.ts'

/** Deletes the EnvoyFilter whose patch Envoy refuses: the proxies take new configuration again, and new pods start. */
export const removeRejectedEnvoyfilter = defineFix({
  act: 'remove-rejected-envoyfilter',
  about: 'deletes the EnvoyFilter that makes configuration Envoy refuses',
  codes: ['MESH0201'],
  propose(finding, evidence) {
    const { subject } = finding
    const error = textArg(finding, 'error').slice(0, 300)
    if (subject.kind !== 'EnvoyFilter') {
      return {
        people: `No single EnvoyFilter could be told to be what Envoy refuses (${error}): whoever last changed what the proxies are sent has to look at it.`,
      }
    }
    const filter = evidence.object('envoy-filters', subject.namespace ?? '', subject.name)
    if (filter === undefined) return []
    const patches = filter.spec?.configPatches ?? []
    const others =
      patches.length > 1
        ? ` It has ${patches.length} patches, and all of them go: those that Envoy takes are lost too.`
        : ''
    const whom =
      filter.spec?.workloadSelector?.labels === undefined
        ? `every proxy of ${subject.namespace === 'istio-system' ? 'the mesh' : `namespace ${subject.namespace ?? ''}`}`
        : 'the proxies it selects'
    return [
      {
        act: 'remove-rejected-envoyfilter',
        for: finding.code,
        title: `Delete EnvoyFilter ${subject.name}`,
        why: `Envoy refuses what ${subject.name} makes (${error}). Until it is gone, proxies keep old configuration and new pods do not start.`,
        effect: `The patches of ${subject.name} no longer apply to ${whom}, which take the rest of their configuration again.`,
        risk: {
          level: patches.length > 1 ? 'medium' : 'low',
          says: `What ${subject.name} was meant to do stays undone; proxies that took an older form of it lose that.${others}`,
        },
        undo: `Makes ${subject.name} again as it was, with what Envoy refuses.`,
        writes: [deletionOf(filter)],
      },
    ]
  },
})
