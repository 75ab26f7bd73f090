import { fromFqdn } from '../../mesh/host.ts'
import { formatRef } from '../../mesh/ref.ts'
import { listArg, textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import { labelledBehind, type Labelled } from '../drafting/pods-of-host.ts'
import type { Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'
import { formatLabels, labelsFitting, labelsLike, labelsTellingApart, type Fitting } from '../drafting/subset-labels.ts'
import type { Subset } from '../../mesh/objects.ts'
import { undoText } from '../drafting/undo-text.ts'
import { counted, inWords } from '../drafting/words.ts'

/** More would be no choice any more. */
const MOST_CANDIDATES = 5

/** Lets a subset without pods select those its name, or the labels it nearly has, tell of. */
export const correctSubsetLabels = defineFix({
  act: 'correct-subset-labels',
  about: 'makes a subset that selects no pod select those that match its name or labels',
  codes: ['MESH0102'],
  propose(finding, evidence) {
    const { subject, code } = finding
    const host = textArg(finding, 'host')
    const rule = evidence.object('destination-rules', subject.namespace ?? '', subject.name)
    const names = listArg(finding, 'subsets')
    const subsets = rule?.spec?.subsets ?? []
    const pods = labelledBehind(host, evidence)
    const empty = subsets.filter(({ name }) => names.includes(name))
    const candidates = empty
      .reduce<Chosen[][]>(
        (all, subset) =>
          all.flatMap((chosen) => meantBy(subset, pods).map((fitting) => [...chosen, { subset, fitting }])),
        [[]],
      )
      .filter((chosen) => chosen.length > 0)
      .slice(0, MOST_CANDIDATES)
    if (rule === undefined || candidates.length === 0) return { people: untold(empty, host, pods) }
    return candidates.map((chosen): Proposal => {
      const write = applyTo(rule, {
        spec: {
          subsets: subsets.map((one) => {
            const found = chosen.find(({ subset }) => subset === one)
            return found === undefined ? one : { ...one, labels: found.fitting.labels }
          }),
        },
      })
      const facts = chosen.map(
        ({ subset, fitting }) =>
          `${subset.name} selects ${formatLabels(subset.labels ?? {})}, which no pod has; ${formatLabels(fitting.labels)} is on ${fitting.selected.length} of the ${counted(pods.length, 'pod')} behind ${fromFqdn(host)?.name ?? host}`,
      )
      return {
        act: 'correct-subset-labels',
        for: code,
        title: `Make ${chosen.length === 1 ? 'subset' : 'subsets'} ${chosen.map(({ subset, fitting }) => `${subset.name} select ${formatLabels(fitting.labels)}`).join(', ')}`,
        why: `${facts.join('. ')}.`,
        effect: `Requests to ${inWords(chosen.map(({ subset }) => subset.name))} reach ${counted(new Set(chosen.flatMap(({ fitting }) => fitting.selected)).size, 'pod')}; nothing else of ${formatRef(subject)} changes.`,
        risk: { level: 'low', says: 'The subset has no pod today: only requests that fail are affected.' },
        undo: undoText([write]),
        writes: [write],
        ...(candidates.length > 1 && {
          choice: chosen.map(({ subset, fitting }) => `${subset.name} = ${formatLabels(fitting.labels)}`).join(', '),
        }),
      }
    })
  },
})

interface Chosen {
  subset: Subset
  fitting: Fitting
}

/** By its labels where they are nearly those of pods; otherwise by its name. */
function meantBy({ name, labels = {} }: Subset, pods: readonly Labelled[]): Fitting[] {
  const like = labelsLike(labels, pods)
  return like.length > 0 ? like : labelsFitting(name, pods)
}

function untold(empty: readonly Subset[], host: string, pods: readonly Labelled[]): string {
  const wanted = empty.map(({ name, labels = {} }) => `${name} (${formatLabels(labels)})`)
  const known = labelsTellingApart(pods)
    .slice(0, 4)
    .map(({ labels }) => formatLabels(labels))
  return `No pod of ${host} matches ${inWords(wanted)}${known.length === 0 ? '' : `; they have ${inWords(known)}`}. Whoever deploys it decides: run such pods, or route elsewhere until they exist.`
}
