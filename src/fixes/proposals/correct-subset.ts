import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import { rulesForCaller } from '../../mesh/destination-rules.ts'
import { fromFqdn } from '../../mesh/host.ts'
import { formatRef } from '../../mesh/ref.ts'
import { callersOf } from '../drafting/callers.ts'
import { listArg, textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import { labelledBehind } from '../drafting/pods-of-host.ts'
import type { Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'
import { withDestinations } from '../drafting/route-destinations.ts'
import { likeSubset } from '../drafting/subset-labels.ts'
import { undoText } from '../drafting/undo-text.ts'
import { defined } from '../../mesh/defined.ts'

/** Routes to the subset of a like name that is defined, where a name was mistyped. */
export const correctSubset = defineFix({
  act: 'correct-subset',
  about: 'routes to the defined subset whose name is like the one that was typed',
  codes: ['MESH0101'],
  propose(finding, evidence, target) {
    const { subject, code } = finding
    const host = textArg(finding, 'host')
    const virtualService = evidence.object('virtual-services', subject.namespace ?? '', subject.name)
    if (virtualService === undefined) return []
    const pods = labelledBehind(host, evidence)
    const rules = callersOf(finding, target).flatMap((caller) =>
      rulesForCaller(evidence.objects('destination-rules'), host, caller, rootNamespaceOf(evidence)),
    )
    const existing = rules.flatMap(({ spec }) => spec?.subsets ?? [])
    const short = fromFqdn(host)?.name ?? host
    return listArg(finding, 'subsets').flatMap((typed) => {
      const meant = [...new Set(likeSubset(typed, existing, pods).map(({ name }) => name))]
      return meant.flatMap((name): Proposal[] => {
        const spec = withDestinations(virtualService, (to, fqdn) =>
          fqdn === host && to.subset === typed ? { ...to, subset: name } : undefined,
        )
        if (spec === undefined) return []
        const write = applyTo(virtualService, { spec })
        return [
          {
            act: 'correct-subset',
            for: code,
            title: `Route to subset ${name} of ${short} instead of ${typed}`,
            why: `${formatRef(subject)} routes to ${typed}, which nothing defines; ${rules.filter(({ spec: own }) => own?.subsets?.some((one) => one.name === name)).map(({ kind, metadata }) => formatRef({ kind, name: metadata.name, ...defined({ namespace: metadata.namespace }) }))[0] ?? 'a DestinationRule'} defines ${name}.`,
            effect: `Requests that ${formatRef(subject)} sends to ${typed} go to ${name}.`,
            risk: {
              level: 'low',
              says: `Only requests that fail today are affected; ${name} gets them in addition to its own.`,
            },
            undo: undoText([write]),
            writes: [write],
            ...(meant.length > 1 && { choice: `${typed} → ${name}` }),
          },
        ]
      })
    })
  },
})
