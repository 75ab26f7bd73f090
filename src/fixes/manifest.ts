import { UserError } from '../mesh/user-error.ts'
import {
  LineCounter,
  isAlias,
  isDocument,
  isMap,
  isPair,
  isScalar,
  parseAllDocuments,
  parseDocument,
  stringify,
  visit,
  type Document,
  type ParsedNode,
} from 'yaml'
import { RESOURCES } from '../evidence/collectors/objects.ts'
import { isFields, type Fields } from '../mesh/fields.ts'
import type { KubernetesObject, Metadata } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import { formatRef, sameRef, type Ref } from '../mesh/ref.ts'
import { merge } from './merge.ts'
import type { ApplyWrite } from './proposal.ts'
import { versionOf } from './proposal.ts'
import { defined } from '../mesh/defined.ts'

/** What a manifest says of one object, read from its YAML. */
export interface Manifest {
  apiVersion: string
  kind: string
  metadata: Pick<Metadata, 'name' | 'namespace' | 'labels' | 'annotations'>
  spec?: Fields
}

/** What a manifest sets. */
export interface FieldsToSet {
  /** For an object whose kind has the name of another: `gateway.networking.k8s.io/v1`. */
  apiVersion?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  spec?: Fields
}

/** Why an edited text can't take a proposal's place. `message` is one sentence, with the line where there is one. */
export class EditError extends UserError {
  /** From 1, in the whole text. */
  readonly line: number | undefined
  constructor(message: string, line?: number, options?: ErrorOptions) {
    super({ why: line === undefined ? message : `Line ${line}: ${message}` }, { ...options, code: 'edit' })
    this.line = line
  }
}

/** kubectl writes the whole object once more into it; nobody asked for that. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
/** Metadata that a manifest may hold. */
const METADATA = ['name', 'namespace', 'labels', 'annotations'] as const
/** YAML 1.1, as kubectl reads it, takes these for booleans: written with quotes, they are text for every reader. */
const BOOLEAN_FOR_SOME = /^(y|n|yes|no|on|off)$/i
// Two kinds are called Gateway: Istio's, which stands first, is meant unless another version is given.
const VERSIONS: ReadonlyMap<string, string> = new Map(
  Object.values(RESOURCES)
    .toReversed()
    .map(({ group, version, kind }) => [kind, group === '' ? version : `${group}/${version}`]),
)

/** The version of the API that a kind is written by: `networking.istio.io/v1`. @throws TypeError for a kind that this program does not read */
export function apiVersionOf(kind: string): string {
  const version = VERSIONS.get(kind)
  if (version === undefined) throw new TypeError(`${kind} is not a kind that mesh-medic writes`)
  return version
}

/** YAML for people and for kubectl alike: no line is folded, and what YAML 1.1 would take for a boolean is quoted. */
export const yamlText = (value: unknown): string =>
  stringify(value, { version: '1.1', lineWidth: 0, indentSeq: false, aliasDuplicateObjects: false })

/** What an object asks for, without what only the API server writes. Keys keep their order. */
export function desiredState(object: KubernetesObject): Fields {
  const { apiVersion, kind, metadata, status: _, ...rest } = object
  return { apiVersion: apiVersion ?? apiVersionOf(kind), kind, metadata: desiredMetadata(metadata), ...rest }
}

function desiredMetadata({ name, namespace, labels, annotations }: Metadata): Fields {
  const { [LAST_APPLIED]: _, ...own } = annotations ?? {}
  return { name, ...defined({ namespace, labels }), ...(Object.keys(own).length > 0 && { annotations: own }) }
}

/** YAML of an object, as a person would write it. */
export const yamlOf = (object: KubernetesObject): string => yamlText(desiredState(object))

/** YAML that sets these fields of an object, for server-side apply. `comment` stands above it. */
export function manifestOf(
  ref: Ref,
  { apiVersion = apiVersionOf(ref.kind), labels, annotations, spec }: FieldsToSet,
  comment?: string,
): string {
  const metadata = { name: ref.name, ...defined({ namespace: ref.namespace, labels, annotations }) }
  const text = yamlText({ apiVersion, kind: ref.kind, metadata, ...defined({ spec }) })
  return comment === undefined
    ? text
    : `${comment
        .split('\n')
        .map((line) => `# ${line}`)
        .join('\n')}\n${text}`
}

/** Sets these fields of an object as it was read. @throws TypeError when the object has no version */
export function applyTo(object: KubernetesObject, fields: FieldsToSet, comment?: string): ApplyWrite {
  const ref = refOf(object)
  return {
    verb: 'apply',
    ref,
    apiVersion: fields.apiVersion ?? apiVersionOf(ref.kind),
    manifest: manifestOf(ref, fields, comment),
    was: versionOf(object),
  }
}

/** Makes an object that is not there. */
export function create(ref: Ref, fields: FieldsToSet, comment?: string): ApplyWrite {
  return {
    verb: 'apply',
    ref,
    apiVersion: apiVersionOf(ref.kind),
    manifest: manifestOf(ref, fields, comment),
    was: 'absent',
  }
}

/** Sets one value in YAML of one object; comments, order and everything else stay as they are. */
export function withValue(text: string, path: readonly (string | number)[], value: unknown): string {
  const document = parseDocument(text)
  // A plain value is put into the node that is there, which keeps the comment beside it.
  document.setIn(path, typeof value === 'object' ? document.createNode(value) : value)
  return document.toString({ lineWidth: 0, indentSeq: false })
}

/**
 * Reads a manifest's YAML.
 * @param extent `whole object`: what an object that is made again has beside a proposal's fields is taken too
 * @throws EditError when it is no YAML of one object, or sets what it may not
 */
export function parseManifest(text: string, extent: Extent = 'proposal'): Manifest {
  return readOne({ text, from: 1 }, extent).value
}

/** What a manifest may hold: what proposals set, or anything. */
type Extent = 'proposal' | 'whole object'

/**
 * What an object would be after a manifest was applied to it, as far as that can be told here: maps are merged, lists replaced (all of
 * Istio's are one value), but for those of Kubernetes whose items are told apart by a key.
 */
export function applied(object: KubernetesObject, manifest: Manifest): Fields {
  return merge(desiredState(object), manifest, manifest.apiVersion) as Fields
}

/**
 * The manifests of a change as a person edited them, in the order of its writes; texts are as typed, with their comments.
 * @throws EditError when the text is no YAML, speaks of other objects, or sets what a manifest may not
 */
export function parseEdited(text: string, writes: readonly ApplyWrite[]): string[] {
  const documents = split(text).map((piece) => ({ ...readOne(piece), text: piece.text }))
  const found = new Map<ApplyWrite, string>()
  for (const document of documents) {
    const write = writeOf(document, writes)
    if (found.has(write)) throw new EditError(`${formatRef(write.ref)} is there twice.`, document.from)
    if (!isIstio(write)) onlySetBefore(document, parseManifest(write.manifest))
    found.set(write, document.text)
  }
  return writes.map((write) => {
    const manifest = found.get(write)
    if (manifest === undefined)
      throw new EditError(
        `${formatRef(write.ref)} is missing. An edited change keeps all its objects: to drop one, reject the change.`,
      )
    return manifest
  })
}

interface Piece {
  text: string
  /** Its first line in the whole text, from 1. */
  from: number
}

interface Read extends Piece {
  document: Document.Parsed
  value: Manifest
  /** The line of a field, in the whole text. */
  lineOf: (path: readonly (string | number)[]) => number
}

/** A text's documents; those without content are left out. `---` at the start of a line begins a document wherever it stands. */
function split(text: string): Piece[] {
  const pieces: Piece[] = []
  let lines: string[] = []
  let from = 1
  const close = (next: number): void => {
    if (lines.some((line) => line.trim() !== '' && !line.startsWith('#')))
      pieces.push({ text: `${lines.join('\n').replace(/\s+$/, '')}\n`, from })
    lines = []
    from = next
  }
  for (const [index, line] of text.replaceAll('\r\n', '\n').split('\n').entries()) {
    if (/^---[ \t]*(#.*)?$/.test(line)) close(index + 2)
    else lines.push(line)
  }
  close(0)
  if (pieces.length === 0) throw new EditError('There is nothing in it.')
  return pieces
}

function readOne({ text, from }: Piece, extent: Extent = 'proposal'): Read {
  const counter = new LineCounter()
  const line = (offset: number): number => counter.linePos(offset).line + from - 1
  const documents = parseAllDocuments(text, { lineCounter: counter, prettyErrors: false })
  if ('empty' in documents) throw new EditError('There is nothing in it.')
  const [document, second] = documents
  if (document === undefined) throw new EditError('There is nothing in it.')
  const [error] = documents.flatMap(({ errors }) => errors)
  if (error !== undefined)
    throw new EditError(`This is not YAML: ${error.message.replace(/\.$/, '')}.`, line(error.pos[0]), { cause: error })
  if (second !== undefined)
    throw new EditError(
      'A second document begins here. Put --- alone on a line between objects.',
      line(second.range[0]),
    )
  plain(document, line)
  const lineOf = (path: readonly (string | number)[]): number => line(offsetOf(document, path))
  return { text, from, document, lineOf, value: manifestIn(document.toJS(), { lineOf, from, extent }) }
}

/** Refuses what two readers of YAML may read in two ways: what is approved is what is applied. */
function plain(document: Document.Parsed, line: (offset: number) => number): void {
  const at = (node: unknown): number => line((node as ParsedNode).range[0])
  visit(document, (key, node) => {
    if (isPair(node) || isDocument(node)) return
    if (isAlias(node) || (node as ParsedNode).anchor !== undefined)
      throw new EditError('Anchors and aliases are not accepted: write the value out.', at(node))
    if ((node as ParsedNode).tag !== undefined)
      throw new EditError('Tags are not accepted: write the value out.', at(node))
    if (!isScalar(node)) return
    if (node.type === 'PLAIN' && typeof node.value === 'string' && BOOLEAN_FOR_SOME.test(node.value))
      throw new EditError(`Put ${node.value} in quotes: some parsers read it as a boolean.`, at(node))
    if (key !== 'key') return
    if (typeof node.value !== 'string') throw new EditError('Names of fields must be text: put it in quotes.', at(node))
    if (node.value === '<<') throw new EditError('Merge keys (<<) are not accepted: write the fields out.', at(node))
    if (node.value === '__proto__') throw new EditError('__proto__ is not a field.', at(node))
  })
}

/** Where a field's name stands; that of the nearest field around it when it is not there. */
function offsetOf(document: Document.Parsed, path: readonly (string | number)[]): number {
  let node: unknown = document.contents
  let offset = document.contents?.range[0] ?? 0
  for (const step of path) {
    const pair: unknown = isMap(node)
      ? node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === step)
      : undefined
    if (!isPair(pair)) return offset
    offset = (pair.key as ParsedNode).range[0]
    node = pair.value
  }
  return offset
}

function manifestIn(
  value: unknown,
  { lineOf, from, extent }: Pick<Read, 'lineOf' | 'from'> & { extent: Extent },
): Manifest {
  if (!isFields(value))
    throw new EditError('This is not a Kubernetes object: it must begin with apiVersion, kind and metadata.', from)
  const { apiVersion, kind, metadata, spec } = value
  if (typeof apiVersion !== 'string') throw new EditError('apiVersion is missing.', lineOf(['apiVersion']))
  if (typeof kind !== 'string') throw new EditError('kind is missing.', lineOf(['kind']))
  if (!isFields(metadata) || typeof metadata.name !== 'string')
    throw new EditError('metadata.name is missing.', lineOf(['metadata', 'name']))
  if (extent === 'whole object') return value as unknown as Manifest
  const other = Object.keys(value).find((key) => !['apiVersion', 'kind', 'metadata', 'spec'].includes(key))
  if (other !== undefined)
    throw new EditError(`${other} may not be set here; only apiVersion, kind, metadata and spec.`, lineOf([other]))
  const extra = Object.keys(metadata).find((key) => !(METADATA as readonly string[]).includes(key))
  if (extra !== undefined)
    throw new EditError(
      `metadata.${extra} may not be set here; only ${METADATA.join(', ')}.`,
      lineOf(['metadata', extra]),
    )
  if (metadata.namespace !== undefined && typeof metadata.namespace !== 'string')
    throw new EditError('metadata.namespace must be text.', lineOf(['metadata', 'namespace']))
  for (const field of ['labels', 'annotations']) textsIn(metadata[field], ['metadata', field], lineOf)
  if (spec !== undefined && !isFields(spec)) throw new EditError('spec must hold fields.', lineOf(['spec']))
  return value as unknown as Manifest
}

function textsIn(map: unknown, path: string[], lineOf: Read['lineOf']): void {
  if (map === undefined) return
  if (!isFields(map)) throw new EditError(`${path.join('.')} must hold names and texts.`, lineOf(path))
  for (const [key, value] of Object.entries(map)) {
    if (typeof value !== 'string')
      throw new EditError(`The value of ${key} must be text: put it in quotes.`, lineOf([...path, key]))
    if (key === LAST_APPLIED) throw new EditError(`${key} is kubectl's own.`, lineOf([...path, key]))
  }
}

/** The write that a document stands for. */
function writeOf({ value, lineOf }: Read, writes: readonly ApplyWrite[]): ApplyWrite {
  const {
    kind,
    metadata: { name, namespace },
  } = value
  const ref: Ref = { kind, ...defined({ namespace }), name }
  const write = writes.find((one) => sameRef(one.ref, ref))
  const known = writes.map((one) => formatRef(one.ref)).join(', ')
  if (write === undefined) {
    const near = writes.find((one) => one.ref.kind === kind && one.ref.name === name)
    const [path, what] =
      near !== undefined
        ? [['metadata', 'namespace'], 'another namespace']
        : writes.some((one) => one.ref.kind === kind)
          ? [['metadata', 'name'], 'another object']
          : [['kind'], 'another kind']
    throw new EditError(`${formatRef(ref)} is ${what}; this change is for ${known}.`, lineOf(path))
  }
  if (value.apiVersion !== write.apiVersion)
    throw new EditError(`apiVersion must be ${write.apiVersion}.`, lineOf(['apiVersion']))
  return write
}

const isIstio = ({ apiVersion }: ApplyWrite): boolean => apiVersion.includes('.istio.io/')

/** Of Kubernetes' own objects an edit may set no more than was proposed: a restart is no leave to change an image. */
function onlySetBefore({ value, lineOf }: Read, before: Manifest): void {
  const known = leavesOf(before)
  const other = leavesOf(value).find((path) => !known.some((one) => JSON.stringify(one) === JSON.stringify(path)))
  if (other !== undefined)
    throw new EditError(
      `${other.join('.')} is not part of this change; of a ${value.kind} only ${known
        .filter(([first]) => first === 'spec' || first === 'metadata')
        .map((path) => path.join('.'))
        .filter((path) => !['metadata.name', 'metadata.namespace'].includes(path))
        .join(', ')} may be edited.`,
      lineOf(other),
    )
}

/** Paths of all values, lists whole. */
function leavesOf(value: unknown, path: string[] = []): string[][] {
  return isFields(value) && Object.keys(value).length > 0
    ? Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]))
    : [path]
}
