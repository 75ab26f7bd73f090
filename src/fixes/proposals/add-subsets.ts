import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { definesSubset, hostOfRule, rulesForCaller } from '../../mesh/destination-rules.ts'
import { fromFqdn } from '../../mesh/host.ts'
import type { DestinationRule, Subset } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { callersOf } from '../drafting/callers.ts'
import { listArg, textArg } from '../drafting/finding-args.ts'
import { applyTo, create } from '../manifest.ts'
import { labelledBehind, type Labelled } from '../drafting/pods-of-host.ts'
import type { ApplyWrite, ForPeople, Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'
import { formatLabels, labelsFitting, labelsTellingApart, likeSubset, type Fitting } from '../drafting/subset-labels.ts'
import { undoText } from '../drafting/undo-text.ts'
import { counted, inWords } from '../drafting/words.ts'
import { defined } from '../../mesh/defined.ts'

/** More would be no choice any more. */
const MOST_CANDIDATES = 5

/** Defines subsets that routes name, by the labels of the pods behind the host that fit their names; in the DestinationRule callers use, or a new one. */
export const addSubsets = defineFix({
  act: 'add-subsets',
  about: 'defines subsets that routes name, from the labels of the pods behind the host',
  codes: ['MESH0101'],
  propose(finding, evidence, target) {
    const host = textArg(finding, 'host')
    const pods = labelledBehind(host, evidence)
    const homes = homesOf(host, callersOf(finding, target), evidence)
    const existing = homes.flatMap(({ rule }) => rule?.spec?.subsets ?? [])
    // A subset that is there under a like name is meant: see correct-subset.
    const names = listArg(finding, 'subsets').filter((name) => likeSubset(name, existing, pods).length === 0)
    if (names.length === 0) return []
    if (homes.length === 0 || pods.length === 0)
      return {
        people: `No pods behind ${host} were seen, so it is not known which labels ${inWords(names)} should select. Whoever deploys it knows.`,
      }
    const candidates = choicesOf(names, pods, existing)
    if (candidates.length === 0) return nothingTells(names, host, pods)
    return candidates.flatMap((subsets) =>
      propose(
        {
          vs: formatRef(finding.subject),
          host,
          subsets,
          homes,
          pods,
          single: candidates.length === 1,
          code: finding.code,
        },
        evidence,
      ),
    )
  },
})

interface Chosen extends Fitting {
  name: string
  /** False when the name does not tell, and these are labels that are left. */
  told: boolean
}

/** Where the subsets are defined: the rule that callers use, or a new one in `namespace`. */
interface Home {
  rule?: DestinationRule
  namespace: string
  /** A wildcard's rule that a new, more exact one takes the place of. */
  wildcard?: DestinationRule
}

function homesOf(host: string, callers: readonly string[], evidence: Evidence): Home[] {
  const rules = evidence.objects('destination-rules')
  const own = ownNamespace(host, evidence)
  const homes = callers.flatMap((caller): Home[] => {
    const used = rulesForCaller(rules, host, caller, rootNamespaceOf(evidence))
    const rule = used.find(({ spec }) => spec?.workloadSelector === undefined) ?? used[0]
    if (rule === undefined) return own === undefined ? [] : [{ namespace: own }]
    const namespace = rule.metadata.namespace ?? ''
    return hostOfRule(rule) === host ? [{ rule, namespace }] : [{ namespace, wildcard: rule }]
  })
  return homes.filter(
    (home, index) => homes.findIndex((one) => one.rule === home.rule && one.namespace === home.namespace) === index,
  )
}

/** Of the Service or ServiceEntry that registers a host. */
function ownNamespace(host: string, evidence: Evidence): string | undefined {
  return (
    fromFqdn(host)?.namespace ??
    evidence.objects('service-entries').find(({ spec }) => (spec?.hosts ?? []).includes(host))?.metadata.namespace
  )
}

/** Every way to define all of the subsets; none when the labels do not tell one of several. */
function choicesOf(names: readonly string[], pods: readonly Labelled[], existing: readonly Subset[]): Chosen[][] {
  const options = names.map((name): Chosen[] =>
    labelsFitting(name, pods).map((fitting) => ({ name, told: true, ...fitting })),
  )
  const [only] = names
  const told =
    names.length === 1 && options[0]?.length === 0 && only !== undefined ? [untold(only, pods, existing)] : options
  return told
    .reduce<Chosen[][]>((all, some) => all.flatMap((chosen) => some.map((one) => [...chosen, one])), [[]])
    .filter((chosen) => chosen.length > 0)
    .slice(0, MOST_CANDIDATES)
}

/** Labels that no other subset has: one of these is meant, and people know which. */
function untold(name: string, pods: readonly Labelled[], existing: readonly Subset[]): Chosen[] {
  return labelsTellingApart(pods)
    .filter(({ labels }) => !existing.some((subset) => JSON.stringify(subset.labels) === JSON.stringify(labels)))
    .map((fitting) => ({ name, told: false, ...fitting }))
}

function nothingTells(names: readonly string[], host: string, pods: readonly Labelled[]): ForPeople {
  const known = labelsTellingApart(pods)
    .slice(0, 4)
    .map(({ labels }) => formatLabels(labels))
  return {
    people: `No label of the ${counted(pods.length, 'pod')} behind ${host} matches ${inWords(names)}${known.length === 0 ? '' : ` (they have ${inWords(known)})`}. Whoever deploys it decides which pods are meant, or whether they are still to be deployed.`,
  }
}

interface Plan {
  vs: string
  host: string
  subsets: readonly Chosen[]
  homes: readonly Home[]
  pods: readonly Labelled[]
  single: boolean
  code: Proposal['for']
}

function propose({ vs, host, subsets, homes, pods, single, code }: Plan, evidence: Evidence): Proposal[] {
  const short = fromFqdn(host)?.name ?? host
  const names = inWords(subsets.map(({ name }) => name))
  const [write, ...writes] = homes.flatMap((home) => writeIn(home, host, subsets, evidence))
  if (write === undefined) return []
  const all: [ApplyWrite, ...ApplyWrite[]] = [write, ...writes]
  const counts = subsets.map(
    ({ name, labels, selected }) =>
      `${name} is ${formatLabels(labels)}, on ${selected.length} of the ${counted(pods.length, 'pod')}`,
  )
  const where = inWords(all.map(({ ref, was }) => (was === 'absent' ? `a new ${formatRef(ref)}` : formatRef(ref))))
  const guessed = subsets.some(({ told }) => !told)
  const wildcard = homes.flatMap((one) => one.wildcard ?? [])[0]
  return [
    {
      act: 'add-subsets',
      for: code,
      title: `Define ${subsets.length === 1 ? 'subset' : 'subsets'} ${names} of ${short}`,
      why: `${vs} routes to ${names}, which no DestinationRule defines, so proxies have no cluster for ${subsets.length === 1 ? 'it' : 'them'}. ${guessed ? `No label of the pods behind ${short} matches the name; of those that tell them apart, this one is unused` : `From the labels of the pods behind ${short}`}: ${counts.join('; ')}.`,
      effect: `Requests that are routed to ${names} reach these pods; ${where} defines them for all callers.`,
      risk: guessed
        ? {
            level: 'medium',
            says: 'The name does not say which pods are meant: whoever deploys them should approve this.',
          }
        : wildcard === undefined
          ? {
              level: 'low',
              says: `Only requests that fail today are affected: no proxy has a cluster for ${names} yet.`,
            }
          : {
              level: 'medium',
              says: `The new rule applies instead of ${formatRef(refOf(wildcard))} for ${short}; its traffic policy is copied, and later changes of that rule are not.`,
            },
      undo: undoText(all),
      writes: all,
      ...(!single && { choice: subsets.map(({ name, labels }) => `${name} = ${formatLabels(labels)}`).join(', ') }),
    },
  ]
}

function writeIn(
  { rule, namespace, wildcard }: Home,
  host: string,
  chosen: readonly Chosen[],
  evidence: Evidence,
): ApplyWrite[] {
  const subsets = chosen.map(({ name, labels }): Subset => ({ name, labels }))
  if (rule !== undefined) {
    const missing = subsets.filter(({ name }) => !definesSubset(rule, name))
    return missing.length === 0
      ? []
      : [applyTo(rule, { spec: { subsets: [...(rule.spec?.subsets ?? []), ...missing] } })]
  }
  const policy = wildcard?.spec?.trafficPolicy
  const spec = { host, ...defined({ trafficPolicy: policy }), subsets }
  return [create({ kind: 'DestinationRule', namespace, name: freeName(host, namespace, evidence) }, { spec })]
}

/** The Service's own name, as people do; another when a rule for something else has it. */
function freeName(host: string, namespace: string, evidence: Evidence): string {
  const base = fromFqdn(host)?.name ?? host.replace(/^\*\./, '').toLowerCase()
  const free = (name: string): boolean => evidence.object('destination-rules', namespace, name) === undefined
  if (free(base)) return base
  let name = `${base}-subsets`
  for (let number = 2; !free(name); number += 1) name = `${base}-subsets-${number}`
  return name
}
