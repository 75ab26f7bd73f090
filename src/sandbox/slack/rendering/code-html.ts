import { escapeHtml } from './escape-html.ts'

/** What a line of a unified diff is, by how it begins; a file's heading before what it would be else. */
const DIFF_LINES: readonly (readonly [begins: RegExp, is: string])[] = [
  [/^(?:---|\+\+\+) /, 'file'],
  [/^@@/, 'hunk'],
  [/^\+/, 'added'],
  [/^-/, 'removed'],
]

const isDiff = (text: string): boolean => /^@@ .*@@/m.test(text) && /^[+-]/m.test(text)

/** A block of code, monospaced; of a unified diff each line says what it is, and keeps its sign. */
export const codeBlockHtml = (text: string): string => {
  if (!isDiff(text)) return `<pre tabindex="0">${escapeHtml(text)}</pre>`
  const lines = text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      const is = DIFF_LINES.find(([begins]) => begins.test(line))?.[1] ?? 'same'
      return `<span class="${is}">${escapeHtml(line)}\n</span>`
    })
  return `<pre class="diff" tabindex="0">${lines.join('')}</pre>`
}
