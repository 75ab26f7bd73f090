import { stringify } from 'yaml'
import { isFields, type Fields } from '../mesh/fields.ts'
import type { KubernetesObject } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import { CHANGE_ANNOTATION, FIELD_MANAGER, WriteError } from './cluster-writer.ts'
import { parseManifest } from './manifest.ts'
import { itemKeys, merge, sameItem } from './merge.ts'
import { ownedFields } from './owned-fields.ts'
import type { ApplyWrite, Write } from './proposal.ts'
import { versionOf } from './proposal.ts'
import { defined } from '../mesh/defined.ts'

/** How a pod template is marked by `kubectl rollout restart`. */
const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt'
/** Of metadata, what an object that is made again does not bring along. */
const SERVERS_OWN = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
]

/**
 * What takes a write back exactly; it is written with force and without a mark, and its `was` is to be replaced by the object's version after
 * the write. Undefined when nothing takes it back: see `whyNoInverse`.
 * @param before the object as read right before the write; undefined when there is none
 * @throws WriteError `moved` when the object is not there any more
 */
export function inverseOf(write: Write, before: KubernetesObject | undefined): Write | undefined {
  if (write.was === 'absent')
    return { verb: 'delete', ref: write.ref, apiVersion: write.apiVersion, was: { uid: '', resourceVersion: '' } }
  if (before === undefined)
    throw new WriteError('moved', `${formatRef(write.ref)} was deleted since this was proposed.`)
  if (whyNoInverse(write) !== undefined) return undefined
  if (write.verb === 'apply')
    return { ...write, was: versionOf(before), manifest: exactYaml(formerFields(write, before)) }
  return {
    verb: 'apply',
    ref: write.ref,
    apiVersion: write.apiVersion,
    was: 'absent',
    manifest: exactYaml(copyOf(write.apiVersion, before)),
  }
}

/** Why nothing takes a write back, in one sentence; undefined when something does. */
export function whyNoInverse(write: Write): string | undefined {
  if (write.verb === 'delete')
    return write.ref.kind === 'Pod'
      ? `The pod ${write.ref.name} cannot be brought back: its workload has created another one.`
      : undefined
  return isRestart(write)
    ? `The restart of ${formatRef(write.ref)} cannot be undone: the old pods are gone.`
    : undefined
}

/** YAML in which every text is quoted: read back, it is what it was, whatever it looks like. */
const exactYaml = (value: unknown): string =>
  stringify(value, { defaultStringType: 'QUOTE_DOUBLE', lineWidth: 0, aliasDuplicateObjects: false })

/** True when a write does nothing but restart the pods of a workload. */
export function isRestart(write: ApplyWrite): boolean {
  const annotation = ['spec', 'template', 'metadata', 'annotations', RESTARTED_AT]
  let value: unknown = fieldsSet(write)
  for (const key of annotation) {
    if (!isFields(value) || Object.keys(value).length !== 1) return false
    value = value[key]
  }
  return typeof value === 'string'
}

/** What a manifest sets. */
function fieldsSet({ manifest }: ApplyWrite): Fields {
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = parseManifest(manifest, 'whole object')
  const { name: _name, namespace: _namespace, ...set } = metadata
  return { ...(Object.keys(set).length > 0 && { metadata: set }), ...rest }
}

/**
 * What we owned before, and the former values of the fields that a write sets. A field that was absent is left out: we alone own it then, and
 * applying takes it away.
 */
function formerFields(write: ApplyWrite, before: KubernetesObject): Fields {
  const {
    apiVersion,
    ref: { kind, name, namespace },
  } = write
  const set = merge(fieldsSet(write), { metadata: { annotations: { [CHANGE_ANNOTATION]: '' } } }, apiVersion)
  const former = formerOf(set, before, apiVersion) ?? {}
  const all = merge(ownedFields({ ...before, apiVersion }, FIELD_MANAGER), former, apiVersion)
  return merge({ apiVersion, kind, metadata: { name, ...defined({ namespace }) } }, all, apiVersion) as Fields
}

/** The values in `before` of the fields that `set` holds; undefined when there are none. */
function formerOf(set: unknown, before: unknown, apiVersion: string, name = ''): unknown {
  if (isFields(set) && isFields(before) && Object.keys(set).length > 0) {
    const former = Object.keys(set).flatMap((key): [string, unknown][] => {
      const value = formerOf(set[key], before[key], apiVersion, key)
      return value === undefined ? [] : [[key, value]]
    })
    return former.length === 0 ? undefined : Object.fromEntries(former)
  }
  const keys = itemKeys(apiVersion, name)
  return keys !== undefined && Array.isArray(set) && Array.isArray(before)
    ? formerItems(set, before, keys, apiVersion)
    : before
}

function formerItems(
  set: readonly unknown[],
  before: readonly unknown[],
  keys: readonly string[],
  apiVersion: string,
): unknown {
  const former = set.flatMap((item) => {
    const was = before.find((one) => sameItem(keys, one, item))
    if (!isFields(was) || !isFields(item)) return []
    const names = keys.filter((key) => key in was).map((key): [string, unknown] => [key, was[key]])
    const values = formerOf(item, was, apiVersion)
    return [{ ...Object.fromEntries(names), ...(isFields(values) ? values : {}) }]
  })
  return former.length === 0 ? undefined : former
}

/** The whole object, to be made again. */
function copyOf(apiVersion: string, { kind, metadata, status: _status, ...rest }: KubernetesObject): Fields {
  const kept = Object.entries(metadata).filter(([name]) => !SERVERS_OWN.includes(name))
  return { ...rest, apiVersion, kind, metadata: Object.fromEntries(kept) }
}
