import { nearestNames } from '../../mesh/names.ts'
import type { Labels, Subset } from '../../mesh/objects.ts'
import { selects } from '../../mesh/objects.ts'
import type { Labelled } from './pods-of-host.ts'

/** Labels that could define a subset, and what they select. */
export interface Fitting {
  labels: Labels
  selected: readonly Labelled[]
}

/** Set by controllers or by Istio itself: they change with every rollout, or say nothing of a version. */
const NOT_FOR_SUBSETS =
  /^(pod-template-hash|controller-revision-hash|pod-template-generation|.*statefulset\.kubernetes\.io\/.*|apps\.kubernetes\.io\/.*|batch\.kubernetes\.io\/.*|(security|service|sidecar|topology)\.istio\.io\/.*|istio\.io\/.*|topology\.kubernetes\.io\/.*)$/
/** Names of labels that people tell versions by, the most usual first. */
const USUAL = ['version', 'app.kubernetes.io/version', 'track', 'release', 'channel', 'color', 'variant']

const tail = (key: string): string => key.slice(key.lastIndexOf('/') + 1)
const bare = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '')
const words = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
const rank = (key: string): number => (USUAL.includes(key) ? USUAL.indexOf(key) : USUAL.length)

/** 3: the name is the value, alone or behind the key (`v1`, `version-v1`); 2: holds it as a word; 1: is its beginning (`v1` of `v1.2.3`); 0: does not tell. */
function fit(name: string, key: string, value: string): number {
  if (bare(value) === '') return 0
  if ([bare(value), bare(tail(key) + value), bare(`v${value}`)].includes(bare(name))) return 3
  const [named, valued] = [words(name), words(value)]
  const holds = (list: string[], part: string[]): boolean =>
    part.length > 0 && list.some((_, at) => part.every((word, index) => list[at + index] === word))
  if (holds(named, valued)) return 2
  return named.length > 0 && valued.length > named.length && named.every((word, index) => valued[index] === word)
    ? 1
    : 0
}

/** The labels of pods that a subset's name tells of; one for each set of pods that could be meant, none when the name does not tell. */
export function labelsFitting(name: string, pods: readonly Labelled[]): Fitting[] {
  const scored = distinct(pods)
    .map(([key, value]) => ({
      key,
      value,
      score: fit(name, key, value),
      selected: pods.filter(({ labels }) => labels[key] === value),
    }))
    // A label that all pods share tells none apart; only one that is meant for versions may define a subset.
    .filter(
      ({ key, score, selected }) => score > 0 && (score === 3 || selected.length < pods.length || USUAL.includes(key)),
    )
  const best = Math.max(0, ...scored.map(({ score }) => score))
  return onePerSet(scored.filter(({ score }) => score === best))
}

/** Labels that tell the pods apart, for people to choose from. */
export function labelsTellingApart(pods: readonly Labelled[]): Fitting[] {
  const all = distinct(pods).map(([key, value]) => ({
    key,
    value,
    selected: pods.filter(({ labels }) => labels[key] === value),
  }))
  return onePerSet(all.filter(({ key, selected }) => selected.length < pods.length || USUAL.includes(key)))
}

/** Labels of pods that one with a slip of the pen may mean: the same key with a value like it, or the same value with a key like it. */
export function labelsLike(labels: Labels, pods: readonly Labelled[]): Fitting[] {
  const known = distinct(pods)
  const corrected = Object.entries(labels).map(([key, value]): [string, string][] => {
    if (known.some(([k, v]) => k === key && v === value)) return [[key, value]]
    const values = nearestNames(
      value,
      known.filter(([k]) => k === key).map(([, v]) => v),
    )
      .filter((near) => isSlip(value, near))
      .map((near): [string, string] => [key, near])
    const keys = nearestNames(
      key,
      known.filter(([, v]) => v === value).map(([k]) => k),
    ).map((near): [string, string] => [near, value])
    return values.length > 0 ? values : keys
  })
  const [first = [], ...rest] = corrected
  const all = rest.reduce<[string, string][][]>(
    (some, options) => some.flatMap((one) => options.map((option) => [...one, option])),
    first.map((option) => [option]),
  )
  return all
    .map((pairs) => ({
      labels: Object.fromEntries(pairs),
      selected: pods.filter((pod) => selects(Object.fromEntries(pairs), pod.labels)),
    }))
    .filter(({ selected }) => selected.length > 0)
}

/** True for names that differ in more than their numbers: `v2` is no slip for `v1`. */
export const isSlip = (typed: string, meant: string): boolean =>
  typed !== meant && JSON.stringify(typed.match(/\d+/g)) === JSON.stringify(meant.match(/\d+/g))

/** `version: v1` */
export const formatLabels = (labels: Labels): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ')

function distinct(pods: readonly Labelled[]): [string, string][] {
  const all = new Map(pods.flatMap(({ labels }) => Object.entries(labels)).map((pair) => [JSON.stringify(pair), pair]))
  return [...all.values()]
    .filter(([key]) => !NOT_FOR_SUBSETS.test(key))
    .sort(([a], [b]) => rank(a) - rank(b) || a.length - b.length || a.localeCompare(b, 'en'))
}

/** Of labels that select the same pods, the most usual. */
function onePerSet(list: readonly { key: string; value: string; selected: readonly Labelled[] }[]): Fitting[] {
  const bySet = Map.groupBy(list, ({ selected }) =>
    selected
      .map(({ name }) => name)
      .sort()
      .join(' '),
  )
  return [...bySet.values()].flatMap(([one]) =>
    one === undefined ? [] : [{ labels: { [one.key]: one.value }, selected: one.selected }],
  )
}

/** Subsets that a name with a slip of the pen may mean: those of a like name, of which the pods' labels do not say that another is meant. */
export function likeSubset(name: string, existing: readonly Subset[], pods: readonly Labelled[]): Subset[] {
  const told = labelsFitting(name, pods)
  const others = existing.filter((one) => isSlip(name, one.name))
  return nearestNames(
    name,
    others.map((one) => one.name),
  )
    .flatMap((near) => others.find((one) => one.name === near) ?? [])
    .filter(
      ({ labels }) =>
        told.length === 0 ||
        told.some(({ selected }) =>
          sameSet(
            selected,
            pods.filter((pod) => selects(labels, pod.labels)),
          ),
        ),
    )
}

const sameSet = (a: readonly Labelled[], b: readonly Labelled[]): boolean =>
  a.length === b.length && a.every((one) => b.includes(one))
