import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import { definesSubset, hostOfRule, rulesForCaller } from '../../mesh/destination-rules.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { listArg, textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import { defineFix } from '../proposal.ts'
import { undoText } from '../drafting/undo-text.ts'
import { inWords } from '../drafting/words.ts'

/** Defines subsets in the DestinationRule that a caller uses, as another one that it does not use defines them. */
export const copySubsets = defineFix({
  act: 'copy-subsets',
  about: 'copies subsets into the DestinationRule that callers use from another one',
  codes: ['MESH0113'],
  propose(finding, evidence) {
    const { subject, code } = finding
    const [host, caller] = [textArg(finding, 'host'), textArg(finding, 'caller')]
    const definer = evidence.object('destination-rules', subject.namespace ?? '', subject.name)
    const used = rulesForCaller(evidence.objects('destination-rules'), host, caller, rootNamespaceOf(evidence))[0]
    if (definer === undefined || used === undefined || hostOfRule(used) !== host) return []
    const subsets = (definer.spec?.subsets ?? []).filter(
      ({ name }) => listArg(finding, 'subsets').includes(name) && !definesSubset(used, name),
    )
    if (subsets.length === 0) return []
    const write = applyTo(used, { spec: { subsets: [...(used.spec?.subsets ?? []), ...subsets] } })
    const names = inWords(subsets.map(({ name }) => name))
    return [
      {
        act: 'copy-subsets',
        for: code,
        title: `Define ${names} in DestinationRule ${used.metadata.name} of ${used.metadata.namespace ?? ''}`,
        why: `Callers in namespace ${caller} use ${formatRef(refOf(used))} for ${host}, which lacks ${names}; ${formatRef(subject)}, which defines ${subsets.length === 1 ? 'it' : 'them'}, is not used for these callers.`,
        effect: `Callers that use ${formatRef(refOf(used))} have ${names} as ${formatRef(subject)} defines ${subsets.length === 1 ? 'it' : 'them'}.`,
        risk: {
          level: 'low',
          says: `Only requests that fail today are affected; later changes of ${formatRef(subject)} are not copied.`,
        },
        undo: undoText([write]),
        writes: [write],
      },
    ]
  },
})
