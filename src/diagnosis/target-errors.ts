import type { Ref } from '../mesh/ref.ts'
import type { TargetQuery } from '../mesh/target-query.ts'
import { UserError } from '../mesh/user-error.ts'

/** The cluster has no such target: `nearest` are commands' worth of names that exist. */
export class UnknownTargetError extends UserError {
  readonly query: TargetQuery
  readonly nearest: readonly string[]
  /** What there is none of: a namespace of that name, or the target. */
  readonly missing: 'target' | 'namespace'
  constructor(
    query: TargetQuery,
    what: string,
    nearest: readonly string[],
    { namespace, missing = 'target' }: { namespace?: string | undefined; missing?: 'target' | 'namespace' } = {},
  ) {
    const where = namespace === undefined ? '' : ` in namespace ${namespace}`
    super(
      { why: `There is no ${what}${where}.${nearest.length === 0 ? '' : ` Nearest: ${nearest.join(', ')}.`}` },
      { code: 'unknown-target' },
    )
    this.query = query
    this.nearest = nearest
    this.missing = missing
  }
}

/** Several namespaces have a target of that name: `choices` says which. */
export class AmbiguousTargetError extends UserError {
  readonly query: TargetQuery
  readonly choices: readonly Ref[]
  constructor(query: TargetQuery, choices: readonly Ref[]) {
    const namespaces = choices.map(({ namespace }) => namespace).join(', ')
    super(
      { why: `${choices.length} namespaces have ${query.name}: ${namespaces}. Add -n NAMESPACE.` },
      { code: 'ambiguous-target' },
    )
    this.query = query
    this.choices = choices
  }
}
