import { visible } from '../mesh/visible.ts'
import type { SelfTestItem } from '../diagnosis/self-test.ts'

/** The self-test for a terminal: a line a thing tried, with its remedy when there is something to do. */
export function selfTestText(items: readonly SelfTestItem[]): string {
  const failed = items.filter(({ ok }) => !ok).length
  const lines = items.flatMap(({ name, ok, says, remedy }) => [
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
