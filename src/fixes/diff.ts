import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import { isMap, isPair, isScalar, isSeq, parseDocument, visit, type Document, type Scalar } from 'yaml'
import { redact, redactValue } from '../evidence/redaction.ts'
import { differences, pathText, type Path } from './compare.ts'

/** Comparing two long texts that have little in common takes long; after this they are shown one after the other. */
const MOST_MILLISECONDS = 500
const NOTHING = '/dev/null'

/** What would become of one object, as it may be shown. */
export interface ShownChange {
  /** Unified diff of YAML, secrets taken out value by value; empty when the sides are equal. */
  diff: string
  /** Every place that changes, as `spec.http[0].timeout`; none where the object is made or deleted. */
  paths: string[]
  /** Places whose new value is hidden as a secret, with the number of characters that are: nobody can approve what nobody can read. */
  hidden: string[]
}

/** Compares one object's YAML before and after. An absent side: the object is made, or deleted. */
export function showChange(name: string, before: string | undefined, after: string | undefined): ShownChange {
  const [old, next] = [documentOf(before), documentOf(after)]
  if (old === undefined || next === undefined) {
    // Made or deleted, or no object: all of it is on one side. Of what is deleted, nothing is lost by not reading it here.
    if (old !== undefined) hide(old, () => false)
    const hidden = next === undefined ? [] : hide(next, () => true)
    const isText = next === undefined && after !== undefined && redact(after) !== after && after !== before
    return {
      diff: unified(name, before && textOf(old, before), after && textOf(next, after)),
      paths: [],
      hidden: (isText ? [{ place: 'all of it', characters: after.length }] : hidden).map(sizeOf),
    }
  }
  const changed = differences(old.toJS(), next.toJS())
  const within = (paths: readonly (Path | undefined)[]): ((path: Path) => boolean) => {
    const known = new Set(paths.flatMap((path) => (path === undefined ? [] : [pathText(path)])))
    return (path) => path.some((_, depth) => known.has(pathText(path.slice(0, depth + 1)))) || known.has('')
  }
  const hiddenOld = hide(old, within(changed.map((one) => one.before)))
  const hiddenNext = hide(next, within(changed.map((one) => one.after)))
  const removed = hiddenOld.filter(({ place }) => !hiddenNext.some((other) => other.place === place))
  const paths = changed.map((one) => pathText(one.after ?? one.before ?? []))
  return {
    diff: unified(name, textOf(old, before ?? ''), textOf(next, after ?? '')),
    paths: [...new Set(paths)],
    hidden: [...hiddenNext, ...removed].map(sizeOf),
  }
}

/** A value that changes and is hidden. */
interface Hidden {
  place: string
  characters: number
}

const sizeOf = ({ place, characters }: Hidden): string => `${place} (${characters.toLocaleString('en')} characters)`

/** Unified diff of one object's YAML alone, as `showChange` makes it. */
export const unifiedDiff = (name: string, before: string | undefined, after: string | undefined): string =>
  showChange(name, before, after).diff

function documentOf(text: string | undefined): Document.Parsed | undefined {
  if (text === undefined || text === '') return undefined
  const document = parseDocument(text, { version: '1.1' })
  return document.errors.length > 0 || !isMap(document.contents) ? undefined : document
}

/** A side as it is shown; what is no YAML is redacted as one text. */
const textOf = (document: Document.Parsed | undefined, text: string): string =>
  document === undefined ? redact(text) : document.toString({ lineWidth: 0, indentSeq: false })

/** Takes secrets out of each value of a document. Of those that change it says how long they are, there and in what it answers. */
function hide(document: Document.Parsed, changes: (path: Path) => boolean): Hidden[] {
  const found: Hidden[] = []
  visit(document, {
    Scalar(key, node, ancestors) {
      withoutSecrets(node)
      if (key === 'key') {
        if (typeof node.value === 'string') node.value = redact(node.value)
        return
      }
      const path = pathTo(node, ancestors)
      const value = String(node.value)
      const shown = redactValue(value, path, nameBeside(path, ancestors))
      if (shown === value) return
      if (!changes(path)) {
        node.value = shown
        return
      }
      node.value = `[redacted: ${value.length.toLocaleString('en')} characters that change]`
      found.push({ place: pathText(path), characters: value.length })
    },
    Map: (_, node) => withoutSecrets(node),
    Seq: (_, node) => withoutSecrets(node),
  })
  withoutSecrets(document)
  return found
}

/** Takes secrets out of the comments at a place. */
function withoutSecrets(node: { comment?: string | null; commentBefore?: string | null }): void {
  if (node.comment != null) node.comment = redact(node.comment)
  if (node.commentBefore != null) node.commentBefore = redact(node.commentBefore)
}

function pathTo(node: Scalar, ancestors: readonly unknown[]): (string | number)[] {
  return ancestors.flatMap((one, index): (string | number)[] => {
    const below = ancestors[index + 1] ?? node
    if (isPair(one)) return isScalar(one.key) ? [String(one.key.value)] : []
    return isSeq(one) ? [one.items.indexOf(below)] : []
  })
}

/** The `name` or `key` that stands beside a `value`, as environment variables and headers are listed. */
function nameBeside(path: Path, ancestors: readonly unknown[]): string | undefined {
  if (path.at(-1) !== 'value') return undefined
  const around = ancestors.findLast(isMap)
  const name = around?.get('name') ?? around?.get('key')
  return typeof name === 'string' ? name : undefined
}

function unified(name: string, old: string | undefined, next: string | undefined): string {
  if ((old ?? '') === (next ?? '') && (old === undefined) === (next === undefined)) return ''
  const [from, to] = [old === undefined ? NOTHING : `a/${name}`, next === undefined ? NOTHING : `b/${name}`]
  return (
    createTwoFilesPatch(from, to, old ?? '', next ?? '', undefined, undefined, {
      context: 3,
      timeout: MOST_MILLISECONDS,
      headerOptions: FILE_HEADERS_ONLY,
    }) ?? inFull(from, to, old ?? '', next ?? '')
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
