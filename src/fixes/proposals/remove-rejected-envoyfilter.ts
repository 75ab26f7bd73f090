import { deletionOf } from '../drafting/deletion.ts'
import { textArg } from '../drafting/finding-args.ts'
import { defineFix } from '../proposal.ts'

/** Deletes the EnvoyFilter whose patch Envoy refuses: the proxies take new configuration again, and new pods start. */
export const removeRejectedEnvoyfilter = defineFix({
  act: 'remove-rejected-envoyfilter',
  about: 'deletes the EnvoyFilter that produces configuration Envoy rejects',
  codes: ['MESH0201'],
  propose(finding, evidence) {
    const { subject } = finding
    const error = textArg(finding, 'error').slice(0, 300)
    if (subject.kind !== 'EnvoyFilter') {
      return {
        people: `No single EnvoyFilter could be identified as what Envoy rejects (${error}): whoever last changed the proxies' configuration has to look at it.`,
      }
    }
    const filter = evidence.object('envoy-filters', subject.namespace ?? '', subject.name)
    if (filter === undefined) return []
    const patches = filter.spec?.configPatches ?? []
    const others =
      patches.length > 1
        ? ` It has ${patches.length} patches, and all of them are removed: those that Envoy accepts are lost too.`
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
        why: `Envoy rejects what ${subject.name} produces (${error}). Until it is gone, proxies keep old configuration and new pods do not start.`,
        effect: `The patches of ${subject.name} no longer apply to ${whom}, which accept the rest of their configuration again.`,
        risk: {
          level: patches.length > 1 ? 'medium' : 'low',
          says: `What ${subject.name} was meant to do is not done; proxies that accepted an older form of it lose that.${others}`,
        },
        undo: `Creates ${subject.name} again as it was, with what Envoy rejects.`,
        writes: [deletionOf(filter)],
      },
    ]
  },
})
