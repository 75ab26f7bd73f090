import { parseTarget } from '../mesh/target-query.ts'
import { UserError } from '../mesh/user-error.ts'
import type { Alert, AlertLabels } from './alert.ts'
import type { AlertTarget, FoundBy, Rank, Symptom, Tried } from './alert-target.ts'
import { byCluster, byDestination, byProbe, byService, byWorkload } from './label-ranks.ts'
import { matchedLabels, queryOf } from './matched-labels.ts'
import { byOwnMapping, type AlertMapping } from './own-mapping.ts'
import { selectorsOf } from './promql-selectors.ts'

/** A rule as Prometheus tells it (`/api/v1/rules`). */
export interface KnownRule {
  name: string
  query: string
  labels: AlertLabels
}

/** What helps to find a target beside the alert itself. */
export interface TargetHelp {
  mapping?: readonly AlertMapping[]
  /** Rules of Prometheus; absent when they were not asked for. */
  rules?: readonly KnownRule[] | undefined
}

/** What was found of an alert: its target or none, what was tried before, and the symptom that its labels tell. */
export interface AlertFinding {
  target?: AlertTarget
  tried: Tried[]
  symptom: Symptom
}

const LOOKED: Readonly<Record<Rank, string>> = {
  1: 'mesh_target and own mapping',
  2: 'destination_*',
  3: 'namespace with a pod or workload',
  4: 'service with a namespace',
  5: 'cluster_name of Envoy',
  6: 'instance or target as a URL',
  7: 'sloth_id or slo',
  8: 'the expression in generatorURL',
}

/** The workload that an alert is about, by the first rule that gives one. */
export function findTarget(alert: Alert, receiver: string, { mapping = [], rules }: TargetHelp = {}): AlertFinding {
  const { labels } = alert
  const ranked: readonly [Rank, () => FoundBy][] = [
    [1, () => byOwnMapping(alert, receiver, mapping)],
    [2, () => byDestination(labels)],
    [3, () => byWorkload(labels)],
    [4, () => byService(labels)],
    [5, () => byCluster(labels)],
    [6, () => byProbe(labels)],
    [7, () => byObjective(labels, rules)],
    [8, () => byExpression(alert)],
  ]
  const symptom = symptomOf(alert)
  const tried: Tried[] = []
  for (const [rank, find] of ranked) {
    const found = possible(find())
    if (!('none' in found)) return { target: { rank, ...found }, tried, symptom }
    tried.push({ rank, looked: LOOKED[rank], why: found.none })
  }
  return { tried, symptom }
}

/** Labels hold anything: a target is only what Kubernetes could have. */
function possible(found: FoundBy): FoundBy {
  if ('none' in found) return found
  try {
    parseTarget(found.text, found.namespace)
    return found
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { none: `${found.by.slice(0, 200)}: ${error.why}` }
  }
}

/** Rank 7: the rules behind a service level objective, of sloth by its id, of pyrra by its name. */
function byObjective(labels: AlertLabels, rules: readonly KnownRule[] | undefined): FoundBy {
  const [label] = (['sloth_id', 'slo'] as const).filter((name) => (labels[name] ?? '') !== '')
  if (label === undefined) return { none: 'no such label' }
  const value = labels[label] ?? ''
  if (rules === undefined) return { none: `${label}="${value}" needs the rules of a Prometheus; none was read` }
  const same = rules.filter((rule) => rule.labels[label] === value)
  if (same.length === 0) return { none: `no rule in Prometheus has ${label}="${value}"` }
  return byQuery(same.map(({ query }) => query).join('\n'), `the rules with ${label}="${value}"`)
}

/** Rank 8: labels that the rule's own expression demands, for those that it summed away. */
function byExpression({ generatorUrl }: Alert): FoundBy {
  const query = queryOf(generatorUrl)
  if (query === undefined) return { none: generatorUrl === undefined ? 'no generatorURL' : 'no g0.expr in it' }
  return byQuery(query, 'the expression')
}

function byQuery(query: string, what: string): FoundBy {
  const { labels, several } = matchedLabels(selectorsOf(query))
  for (const find of [byDestination, byWorkload, byCluster, byProbe]) {
    const found = find(labels)
    if (!('none' in found)) return { ...found, by: `${what}: ${found.by}` }
  }
  const unclear = Object.entries(several)
    .filter(([label]) => /^destination_|^(?:pod|deployment|cluster_name|envoy_cluster_name)$/.test(label))
    .map(([label, values]) => `${label} ${values.slice(0, 3).join(' and ')}`)
  return {
    none:
      unclear.length === 0
        ? `${what} demands no label that names a workload`
        : `${what} reads several: ${unclear.join('; ')}`,
  }
}

/** Flags and codes that the labels, or the expression behind them, tell. */
function symptomOf({ labels, generatorUrl }: Alert): Symptom {
  const query = queryOf(generatorUrl)
  const behind = query === undefined ? {} : matchedLabels(selectorsOf(query)).labels
  const of = (name: string): string[] => split(labels[name] ?? behind[name])
  return { flags: of('response_flags'), codes: of('response_code') }
}

const split = (value: string | undefined): string[] =>
  [...new Set((value ?? '').replace(/^\^?\(?|\)?\$?$/g, '').split(/[|,]/))]
    .map((one) => one.trim())
    .filter((one) => one !== '' && one !== '-' && one.length <= 20)
    .toSorted()
