import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import { redact } from '../evidence/redaction.ts'

/** Comparing two long texts that have little in common takes long; after this they are shown one after the other. */
const MOST_MILLISECONDS = 500
const NOTHING = '/dev/null'

/** Unified diff of one object's YAML, secrets taken out of both sides; empty when they are equal. An absent side: the object is made, or deleted. */
export function unifiedDiff(name: string, before: string | undefined, after: string | undefined): string {
  const [old, next] = [redact(before ?? ''), redact(after ?? '')]
  if (old === next && (before === undefined) === (after === undefined)) return ''
  const [from, to] = [before === undefined ? NOTHING : `a/${name}`, after === undefined ? NOTHING : `b/${name}`]
  return (
    createTwoFilesPatch(from, to, old, next, undefined, undefined, {
      context: 3,
      timeout: MOST_MILLISECONDS,
      headerOptions: FILE_HEADERS_ONLY,
    }) ?? inFull(from, to, old, next)
  )
}

function inFull(from: string, to: string, old: string, next: string): string {
  const lines = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))
  const [gone, made] = [lines(old), lines(next)]
  return [
    `--- ${from}`,
    `+++ ${to}`,
    `@@ -${gone.length === 0 ? 0 : 1},${gone.length} +${made.length === 0 ? 0 : 1},${made.length} @@`,
    ...gone.map((line) => `-${line}`),
    ...made.map((line) => `+${line}`),
    '',
  ].join('\n')
}
