import type { AlertLabels } from './alert.ts'
import type { Matcher, Selector } from './promql-selectors.ts'

/** Labels whose pattern tells a symptom, which may be several. */
const SYMPTOMS: ReadonlySet<string> = new Set(['response_flags', 'response_code', 'grpc_response_status'])

/** What a query demands of labels: those of one value, and those that its selectors disagree about. */
export interface MatchedLabels {
  labels: AlertLabels
  /** Labels of which the query reads several values, with them. */
  several: Readonly<Record<string, readonly string[]>>
}

/** A pattern that can only mean one name: no operators in it but dots. */
const LITERAL = /^[A-Za-z0-9_-]+(?:(?:\\\.|\.)[A-Za-z0-9_-]+)*$/

/** The value that a matcher demands; undefined when it takes several, or none. */
function demanded({ label, op, value }: Matcher): string | undefined {
  if (value === '') return undefined
  if (op === '=') return value
  if (op !== '=~') return undefined
  if (SYMPTOMS.has(label)) return value
  return LITERAL.test(value) ? value.replaceAll('\\.', '.') : undefined
}

/** The labels that the selectors of a query demand. */
export function matchedLabels(selectors: readonly Selector[]): MatchedLabels {
  const values = new Map<string, Set<string>>()
  for (const matcher of selectors.flatMap(({ matchers }) => matchers)) {
    const value = demanded(matcher)
    if (value !== undefined) values.set(matcher.label, (values.get(matcher.label) ?? new Set()).add(value))
  }
  const all = [...values].map(([label, set]) => [label, [...set]] as const)
  return {
    labels: Object.fromEntries(
      all.flatMap(([label, [first, ...more]]) =>
        first !== undefined && (more.length === 0 || SYMPTOMS.has(label)) ? [[label, first]] : [],
      ),
    ),
    several: Object.fromEntries(all.filter(([label, set]) => set.length > 1 && !SYMPTOMS.has(label))),
  }
}

/** The query behind an alert: the parameter `g0.expr` of the address that Prometheus gives as its source. */
export function queryOf(generatorUrl: string | undefined): string | undefined {
  if (generatorUrl === undefined) return undefined
  try {
    return new URL(generatorUrl).searchParams.get('g0.expr') ?? undefined
  } catch {
    return undefined
  }
}
