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
  // eslint-disable-next-line no-control-regex -- a terminal obeys control characters
  return `${text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '�')}\n`
}
