import { isDeepStrictEqual } from 'node:util'
import { isFields, type Fields } from '../../src/mesh/fields.ts'
import type { KubernetesObject } from '../../src/mesh/objects.ts'

/** What of server-side apply the writer leans on, as seen on Kubernetes 1.34 with Istio's kinds: maps by field, lists as one value. */
interface ManagerEntry {
  manager: string
  operation: 'Apply' | 'Update'
  apiVersion: string
  time: string
  fieldsType: 'FieldsV1'
  fieldsV1: Record<string, unknown>
}

/** An object as it is kept. */
export type Stored = KubernetesObject

type Path = readonly string[]

const SYSTEM = ['name', 'namespace', 'uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields']

/** The fields that a manager may own. */
function ownable({ apiVersion: _version, kind: _kind, status: _status, metadata, ...rest }: Fields): Fields {
  const kept = Object.entries(isFields(metadata) ? metadata : {}).filter(([name]) => !SYSTEM.includes(name))
  return { ...(kept.length > 0 && { metadata: Object.fromEntries(kept) }), ...rest }
}

const leaves = (value: unknown, path: Path = []): Path[] =>
  isFields(value) && Object.keys(value).length > 0
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]))
    : path.length === 0
      ? []
      : [path]

const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((inner, key) => (isFields(inner) ? inner[key] : undefined), value)
const same = (a: Path, b: Path): boolean => a.length === b.length && a.every((key, index) => key === b[index])
/** One holds the other. */
const overlap = (a: Path, b: Path): boolean => a.slice(0, b.length).every((key, index) => key === b[index])

const toFieldsV1 = (paths: readonly Path[]): Fields => {
  const root: Fields = {}
  for (const path of paths) path.reduce<Fields>((inner, key) => (inner[`f:${key}`] ??= {}) as Fields, root)
  return root
}
const fromFieldsV1 = (fields: Fields, path: Path = []): Path[] => {
  const inside = Object.entries(fields).filter(([key]) => key.startsWith('f:'))
  return inside.length === 0
    ? path.length === 0
      ? []
      : [path]
    : inside.flatMap(([key, rest]) => fromFieldsV1(isFields(rest) ? rest : {}, [...path, key.slice(2)]))
}

const entriesOf = ({ metadata: { managedFields = [] } }: Stored): ManagerEntry[] => managedFields as ManagerEntry[]
const entry = (
  manager: string,
  operation: ManagerEntry['operation'],
  apiVersion: string,
  paths: readonly Path[],
): ManagerEntry => ({
  manager,
  operation,
  apiVersion,
  time: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
  fieldsType: 'FieldsV1',
  fieldsV1: toFieldsV1(paths),
})

/** An object as somebody wrote it by `Update`: they own what they changed, others keep what is as it was. */
export function updated(before: Stored | undefined, object: Stored, manager: string): Stored {
  const paths = leaves(ownable({ ...object }))
  const isAsBefore = (path: Path): boolean =>
    before !== undefined && isDeepStrictEqual(at(before, path), at(object, path))
  const others = (before === undefined ? [] : entriesOf(before))
    .map((one) => ({ ...one, fieldsV1: toFieldsV1(fromFieldsV1(one.fieldsV1).filter(isAsBefore)) }))
    .filter(({ fieldsV1 }) => Object.keys(fieldsV1).length > 0)
  const own = others.find((one) => one.manager === manager && one.operation === 'Update')
  const theirs = [
    ...(own === undefined ? [] : fromFieldsV1(own.fieldsV1)),
    ...paths.filter((path) => !isAsBefore(path)),
  ]
  const managedFields = [
    ...others.filter((one) => one !== own),
    ...(theirs.length > 0 ? [entry(manager, 'Update', object.apiVersion ?? '', theirs)] : []),
  ]
  return { ...object, metadata: { ...object.metadata, managedFields } }
}

/** Fields of other managers that a manifest would change, as the API server names them. */
export function conflictsOf(
  live: Stored,
  manifest: Fields,
  manager: string,
): { reason: string; message: string; field: string }[] {
  const wanted = ownable(manifest)
  return entriesOf(live)
    .filter((one) => one.manager !== manager || one.operation !== 'Apply')
    .flatMap((one) => {
      const theirs = fromFieldsV1(one.fieldsV1)
      return leaves(wanted)
        .filter(
          (path) =>
            theirs.some((their) => overlap(path, their) || overlap(their, path)) &&
            !isDeepStrictEqual(at(live, path), at(wanted, path)),
        )
        .map((path) => ({
          reason: 'FieldManagerConflict',
          message: `conflict with "${one.manager}" using ${one.apiVersion}`,
          field: `.${path.join('.')}`,
        }))
    })
}

const put = (target: Fields, [key = '', ...rest]: Path, value: unknown): Fields => ({
  ...target,
  [key]: rest.length === 0 ? value : put(isFields(target[key]) ? target[key] : {}, rest, value),
})

/** Takes a field away, and the maps around it that are empty then. */
function without(target: Fields, [key = '', ...rest]: Path): Fields {
  const { [key]: inner, ...others } = target
  if (rest.length === 0 || !isFields(inner)) return others
  const left = without(inner, rest)
  return Object.keys(left).length === 0 ? others : { ...others, [key]: left }
}

/** The object that a manifest makes of another by server-side apply with force; conflicts are for the caller to refuse. */
export function applyManifest(live: Stored, manifest: Fields, manager: string): Stored {
  const wanted = ownable(structuredClone(manifest))
  const paths = leaves(wanted)
  const entries = entriesOf(live)
  const own = entries.find((one) => one.manager === manager && one.operation === 'Apply')
  const others = entries
    .filter((one) => one !== own)
    .map((one) => {
      const lost = (path: Path): boolean =>
        paths.some(
          (ours) =>
            (overlap(ours, path) || overlap(path, ours)) && !isDeepStrictEqual(at(live, ours), at(wanted, ours)),
        )
      return { ...one, fieldsV1: toFieldsV1(fromFieldsV1(one.fieldsV1).filter((path) => !lost(path))) }
    })
    .filter(({ fieldsV1 }) => Object.keys(fieldsV1).length > 0)
  const given = own === undefined ? [] : fromFieldsV1(own.fieldsV1)
  const dropped = given.filter(
    (path) =>
      !paths.some((ours) => same(ours, path) || overlap(ours, path)) &&
      !others.some(({ fieldsV1 }) => fromFieldsV1(fieldsV1).some((theirs) => overlap(theirs, path))),
  )
  const { managedFields: _fields, ...metadata } = live.metadata
  const kept = dropped.reduce<Fields>((object, path) => without(object, path), { ...live, metadata })
  const after = paths.reduce((object, path) => put(object, path, at(wanted, path)), kept) as unknown as Stored
  const unchanged = own !== undefined && isDeepStrictEqual(own.fieldsV1, toFieldsV1(paths))
  const ours = unchanged ? own : entry(manager, 'Apply', live.apiVersion ?? '', paths)
  return { ...after, metadata: { ...after.metadata, managedFields: [...(paths.length > 0 ? [ours] : []), ...others] } }
}
