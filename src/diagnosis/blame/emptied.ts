import type { AuthorizationPolicy } from '../../mesh/objects.ts'
import { changedAt, refOf } from '../../mesh/objects.ts'
import type { Lead } from './lead.ts'
import { value } from './lead.ts'

/**
 * Where several policies allow and none of their rules takes a request: the one that has no rules and was changed after all others, which lets in nobody any more. One
 * that is as old as the others keeps everybody out on purpose, and the others let in.
 *
 * @param allowing those that act on the pod
 */
export function emptied(allowing: readonly AuthorizationPolicy[]): Lead[] {
  const [last, ...others] = allowing.toSorted((a, b) => (changedAt(b) ?? 0) - (changedAt(a) ?? 0))
  const [next] = others
  const isLast = last !== undefined && next !== undefined && (changedAt(last) ?? 0) > (changedAt(next) ?? 0)
  return isLast && (last.spec?.rules ?? []).length === 0
    ? [
        {
          code: 'MESH0531',
          isDeeper: true,
          subject: refOf(last),
          why: `it has no rules, so it allows nothing, and was changed after ${others.map(({ metadata }) => value(metadata.name)).join(', ')}, none of whose rules matches these requests`,
          remedy: 'Give it the rules that it is meant to have',
        },
      ]
    : []
}
