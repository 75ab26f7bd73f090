import { visible } from '../mesh/visible.ts'
import type { SelfTestItem } from '../diagnosis/self-test.ts'

/** The same with the permissions that are there as one line: they are many, and only one that is missing matters. */
export function withoutAllowed(items: readonly SelfTestItem[]): SelfTestItem[] {
  const isAllowed = ({ ok, says }: SelfTestItem): boolean => ok && says === 'allowed'
  const count = items.filter(isAllowed).length
  const first = items.findIndex(isAllowed)
  return items.flatMap((item, index) => {
    if (!isAllowed(item)) return item
    return index === first ? { name: 'permissions', ok: true, says: `${count} that are needed are there` } : []
  })
}

/** The self-test for a terminal: a line a thing tried, with its remedy when there is something to do. */
export function selfTestText(items: readonly SelfTestItem[]): string {
  const failed = items.filter(({ ok }) => !ok).length
  const lines = withoutAllowed(items).flatMap(({ name, ok, says, remedy }) => [
    `${ok ? '✓' : '✗'} ${name}: ${says}`,
    ...(remedy === undefined ? [] : [`    ${remedy}`]),
  ])
  const text = [
    ...lines,
    '',
    failed === 0 ? 'Everything needed is there.' : `${failed} of ${items.length} failed.`,
  ].join('\n')
  return `${visible(text)}\n`
}
