import http from 'node:http'
import https, { type RequestOptions } from 'node:https'
import { text } from 'node:stream/consumers'
import { isDeepStrictEqual } from 'node:util'
import { HttpMethod } from '@kubernetes/client-node/dist/gen/http/http.js'
import type { Clients } from '../evidence/clients/clients.ts'
import { UnseenError } from '../evidence/clients/clients.ts'
import { openExec } from '../evidence/clients/exec.ts'
import { ztunnelLogging } from '../evidence/clients/ztunnel-logging.ts'
import { ALL_MODULES, readZtunnelLevels } from '../evidence/collectors/ztunnel-levels.ts'
import { loadKubeConfig, type KubernetesOptions } from '../evidence/clients/kubernetes.ts'
import { isFields, type Fields } from '../mesh/fields.ts'
import { isDnsLabel, isDnsName } from '../mesh/names.ts'
import type { KubernetesObject } from '../mesh/objects.ts'
import { formatRef, sameRef, type Ref } from '../mesh/ref.ts'
import { accessLogWriter } from './access-log-writer.ts'
import type { CaptureImage } from './capture-pod.ts'
import { captureWriter, type RunIn } from './capture-writer.ts'
import { isRace, noAnswer, refusal, type ApiAnswer } from './api-refusal.ts'
import { CHANGE_ANNOTATION, FIELD_MANAGER, WriteError, type ClusterWriter, type Written } from './cluster-writer.ts'
import { impersonation, type Identity } from './identity.ts'
import { EditError, parseManifest } from './manifest.ts'
import { isWithin, merge } from './merge.ts'
import { ownedFields } from './owned-fields.ts'
import type { LeasePermit, Permit } from './permit.ts'
import type { ApplyWrite, DeleteWrite, Version, Write } from './proposal.ts'
import { writableKind, type WritableKind } from './writable-kinds.ts'
import { defined } from '../mesh/defined.ts'

export { WriteError, type ClusterWriter, type FieldConflict, type Written } from './cluster-writer.ts'

/** Where to write, and what to read with. */
export interface WriterOptions extends KubernetesOptions {
  clients: Pick<Clients, 'kubernetes' | 'istioctl' | 'portForward'>
  /** What packets are captured with; absent where none is configured. */
  capture?: CaptureImage | undefined
}

/** Controllers write an object's status between our look and our write; then it is looked at again, so often. */
const ATTEMPTS = 5
/** What the API server takes for "there is none": kinds whose versions must be named refuse it when there is one. */
const NONE_YET = '0'
const ZTUNNEL_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'off']
const LEVELS = ['trace', 'debug', 'info', 'warning', 'warn', 'error', 'critical', 'off']

/** One request, on the way. */
interface Sending {
  method: HttpMethod
  path: string
  query: Readonly<Record<string, string>>
  type: string
  body: unknown
  /** Absent: with the bot's own rights, as leases are. */
  as?: Identity
  signal: AbortSignal
}

/** How a write is made: in earnest, or as a server-side dry run. */
interface Mode {
  as: Identity
  force: boolean
  /** Value of the change's annotation; absent when the write takes a change back. */
  mark?: string
  /** The change that the write takes back. */
  undoes?: string
  dryRun: boolean
  signal: AbortSignal
}

/**
 * Writes to the cluster of a kubeconfig, with its credentials and in other people's names. Nothing else in this project does.
 * @throws ClusterConfigurationError
 */
export function clusterWriter({ clients, capture, ...connection }: WriterOptions): ClusterWriter {
  const config = loadKubeConfig(connection)
  const server = (config.getCurrentCluster()?.server ?? '').replace(/\/$/, '')

  async function send({ method, path, query, type, body, as, signal }: Sending): Promise<ApiAnswer> {
    const headers = {
      ...(as !== undefined && impersonation(as)),
      'Content-Type': type,
      Accept: 'application/json',
      'User-Agent': FIELD_MANAGER,
    }
    const sent = JSON.stringify(body)
    try {
      const connection: RequestOptions = {}
      await config.applyToHTTPSOptions(connection)
      return await exchange(
        `${server}${path}?${new URLSearchParams(query).toString()}`,
        {
          ...connection,
          method,
          headers: Object.assign({}, connection.headers, headers, { 'Content-Length': Buffer.byteLength(sent) }),
          signal,
        },
        sent,
      )
    } catch (error) {
      throw noAnswer(error, server, signal)
    }
  }

  async function read(ref: Ref, apiVersion: string, signal: AbortSignal): Promise<KubernetesObject | undefined> {
    const { group, version, plural, kind } = resourceOf(ref, apiVersion)
    const found = await clients.kubernetes.list(
      { group, version, plural, kind },
      { fields: `metadata.name=${ref.name}`, ...defined({ namespace: ref.namespace }) },
      signal,
    )
    const object = found.find(({ metadata: { name, namespace } }) => name === ref.name && namespace === ref.namespace)
    return object && { ...object, apiVersion }
  }

  /** The same, for writing: not being able to look is a reason not to write. */
  async function look({ ref, apiVersion }: Write, signal: AbortSignal): Promise<KubernetesObject | undefined> {
    try {
      return await read(ref, apiVersion, signal)
    } catch (error) {
      if (!(error instanceof UnseenError)) throw error
      throw new WriteError(
        error.reason === 'forbidden' ? 'forbidden' : 'unavailable',
        `${formatRef(ref)} could not be read before writing it: ${error.message}`,
        { cause: error },
      )
    }
  }

  async function apply(write: ApplyWrite, now: KubernetesObject | undefined, mode: Mode): Promise<KubernetesObject> {
    const isNew = now === undefined
    const answer = await send({
      method: HttpMethod.PATCH,
      path: pathOf(write),
      type: 'application/apply-patch+yaml',
      as: mode.as,
      signal: mode.signal,
      // Nobody's fields are taken over in an object that nobody has seen.
      query: {
        fieldManager: FIELD_MANAGER,
        force: String(mode.force && !isNew),
        fieldValidation: 'Strict',
        ...(mode.dryRun && { dryRun: 'All' }),
      },
      body: manifestToSend(write, now, mode.mark),
    })
    if (answer.status !== 200 && answer.status !== 201) throw refusal(answer, formatRef(write.ref))
    return mode.dryRun ? withMarkOf(objectIn(answer), now) : objectIn(answer)
  }

  async function remove(
    write: DeleteWrite,
    { metadata: { uid, resourceVersion } }: KubernetesObject,
    mode: Mode,
  ): Promise<void> {
    const answer = await send({
      method: HttpMethod.DELETE,
      path: pathOf(write),
      type: 'application/json',
      as: mode.as,
      signal: mode.signal,
      query: {},
      // Beside a body the API server does not look at the query: a dry run named there would delete in earnest.
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        preconditions: { uid, resourceVersion },
        ...(mode.dryRun && { dryRun: ['All'] }),
      },
    })
    // Gone since we looked: it is as it should be.
    if (answer.status !== 200 && answer.status !== 202 && answer.status !== 404)
      throw refusal(answer, formatRef(write.ref))
  }

  async function once(
    write: Write,
    mode: Mode,
    landed: (now: KubernetesObject | undefined) => boolean,
  ): Promise<Written> {
    const now = await look(write, mode.signal)
    if (landed(now)) return { ...(now !== undefined && write.verb === 'apply' && { object: now }), fresh: false }
    requireVersion(write, now)
    if (mode.undoes !== undefined) requireLast(mode.undoes, write, now)
    if (write.verb === 'apply') return { object: await apply(write, now, mode), fresh: true }
    if (now !== undefined) await remove(write, now, mode)
    return { fresh: true }
  }

  async function make(
    write: Write,
    mode: Mode,
    landed: (now: KubernetesObject | undefined) => boolean,
  ): Promise<Written> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(write, mode, landed)
      } catch (error) {
        if (!isRace(error) || attempt >= ATTEMPTS) throw error
      }
    }
  }

  const own = (
    method: 'POST' | 'MERGE' | 'DELETE',
    path: string,
    { query, body }: { query: Readonly<Record<string, string>>; body: unknown },
    signal: AbortSignal,
  ): Promise<ApiAnswer> =>
    send({
      method: method === 'MERGE' ? HttpMethod.PATCH : HttpMethod[method],
      path,
      query,
      type: method === 'MERGE' ? 'application/strategic-merge-patch+json' : 'application/json',
      body,
      signal,
    })

  const runIn: RunIn = async (where, signal) => {
    const options: RequestOptions = {}
    await config.applyToHTTPSOptions(options)
    return openExec({ server, options }, where, signal)
  }

  return {
    ...accessLogWriter(own, clients.kubernetes),
    ...captureWriter(own, runIn, clients.kubernetes, capture),
    read,

    async rehearse(write, as, { force, signal }) {
      const { object } = await make(write, { as, force, mark: 'rehearsal', dryRun: true, signal }, () => false)
      return object
    },

    async write(permit, index, signal) {
      const write = permit.writes[index]
      if (write === undefined) throw new RangeError(`change ${permit.change} has no write ${index}`)
      const mode: Mode = {
        as: permit.as,
        force: permit.force,
        dryRun: false,
        signal,
        ...(permit.undoes === true ? { undoes: permit.change } : { mark: permit.change }),
      }
      return make(write, mode, (now) => hasLanded(write, permit, now))
    },

    async setLogLevels(permit, pod, levels, signal) {
      requireLeased(permit, pod)
      const pairs = Object.entries(levels).map(([logger, level]) => {
        if (!/^[a-z0-9_]+$/i.test(logger) || !LEVELS.includes(level))
          throw new TypeError(`${JSON.stringify(`${logger}:${level}`)} is not a logger and level`)
        return `${logger}:${level}`
      })
      if (pairs.length === 0) return
      await clients.istioctl.run(
        ['proxy-config', 'log', `${pod.name}.${pod.namespace ?? ''}`, '--level', pairs.join(',')],
        signal,
      )
    },

    async setZtunnelLevels(permit, pod, levels, signal) {
      requireLeased(permit, pod)
      if (Object.keys(levels).length === 0) return
      const { portForward } = clients
      const set = (query: string): Promise<string> => ztunnelLogging(portForward, pod, query, signal)
      if (!Object.values(levels).includes('')) {
        await set(`level=${directives(levels)}`)
        return
      }
      // It adds to what it has: only a reset takes a module's own level away, and what shall stay is said again with it.
      const now = await readZtunnelLevels(pod, portForward, signal)
      const kept = Object.entries({ ...now, ...levels }).filter(([, level]) => level !== '')
      await set(`reset&level=${directives(Object.fromEntries(kept))}`)
    },
  }
}

/** @throws TypeError for a pod that the lease is not for */
function requireLeased(permit: LeasePermit, pod: Ref): void {
  if (!permit.pods.some((one) => sameRef(one, pod)))
    throw new TypeError(`lease ${permit.lease} is not for ${formatRef(pod)}`)
  if (pod.kind !== 'Pod' || !isDnsName(pod.name) || !isDnsLabel(pod.namespace ?? ''))
    throw new TypeError(`${formatRef(pod)} is not a pod`)
}

/** `access=debug,info`, as ztunnel takes them. */
function directives(levels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(levels).map(([module, level]) => {
    if (!/^(?:\*|[A-Za-z0-9_:.-]+)$/.test(module) || !ZTUNNEL_LEVELS.includes(level))
      throw new TypeError(`${JSON.stringify(`${module}=${level}`)} is not a module and level`)
    return module === ALL_MODULES ? level : `${module}=${level}`
  })
  return parts.join(',')
}

/** One request over HTTP/1.1. Not fetch, and not HTTP/2 by undici: they make one header of several groups, and with that one group that nobody is in. */
function exchange(url: string, options: RequestOptions, body: string): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const sending = (url.startsWith('https:') ? https : http).request(url, options, (answer) => {
      text(answer).then((said) => {
        resolve({ status: answer.statusCode ?? 0, text: said })
      }, reject)
    })
    sending.on('error', reject).end(body)
  })
}

/** The resource of an object, whose names would pass in a path. @throws WriteError `refused` */
function resourceOf(ref: Ref, apiVersion: string): WritableKind {
  const resource = writableKind(ref.kind, apiVersion)
  if (resource === undefined)
    throw new WriteError('refused', `${ref.kind} (${apiVersion}) is not a kind that mesh-medic writes.`)
  const isNamespaced = resource.kind !== 'Namespace'
  if (!isDnsName(ref.name) || (isNamespaced ? !isDnsLabel(ref.namespace ?? '') : ref.namespace !== undefined))
    throw new WriteError('refused', `${formatRef(ref)} is not a name that Kubernetes accepts.`)
  return resource
}

function pathOf({ ref, apiVersion }: Write): string {
  const { group, version, plural } = resourceOf(ref, apiVersion)
  return `${group === '' ? '/api' : `/apis/${group}`}/${version}${ref.namespace === undefined ? '' : `/namespaces/${ref.namespace}`}/${plural}/${ref.name}`
}

/** Throws WriteError `moved` when the object is another one, or asks for something else, than what the write was made for. */
function requireVersion({ ref, was }: Write, now: KubernetesObject | undefined): void {
  const moved = (how: string): WriteError =>
    new WriteError('moved', `${formatRef(ref)} ${how} since this was proposed.`)
  if (was === 'absent') {
    if (now !== undefined) throw moved('was created')
    return
  }
  if (now === undefined || now.metadata.deletionTimestamp !== undefined) throw moved('was deleted')
  if (now.metadata.uid !== was.uid) throw moved('was deleted and created again')
  if (!isSameVersion(was, now)) throw moved('has changed')
}

/** Throws WriteError `moved` when a later change of ours is in force; one that sets labels alone makes no new generation. */
function requireLast(change: string, { ref }: Write, now: KubernetesObject | undefined): void {
  const mark = now?.metadata.annotations?.[CHANGE_ANNOTATION]
  if (mark !== undefined && mark !== change)
    throw new WriteError('moved', `${formatRef(ref)} was changed by a later change of mesh-medic: undo that one first.`)
}

/** Controllers write status, which changes the resource version and not the generation. */
const isSameVersion = (was: Version, { metadata: { resourceVersion, generation } }: KubernetesObject): boolean =>
  resourceVersion === was.resourceVersion || (generation !== undefined && generation === was.generation)

/** True when a former try of this write is seen in the object. */
function hasLanded(write: Write, permit: Permit, now: KubernetesObject | undefined): boolean {
  if (write.verb === 'delete')
    return now === undefined || (now.metadata.uid === write.was.uid && now.metadata.deletionTimestamp !== undefined)
  if (now === undefined) return false
  const owned = ownedFields(now, FIELD_MANAGER)
  const isMarked = now.metadata.annotations?.[CHANGE_ANNOTATION] === permit.change
  // What is taken back takes the mark away: it is done when that is gone, and we own exactly what the manifest sets.
  if (permit.undoes === true) return !isMarked && isDeepStrictEqual(owned, contentOf(write, true))
  if (!isMarked || (write.was !== 'absent' && now.metadata.uid !== write.was.uid)) return false
  // Anybody may write the mark: it is ours when the mark and all that was to be written are ours.
  return [markedBy(permit.change), contentOf(write, false)].every((one) => isWithin(one, owned, write.apiVersion))
}

const markedBy = (change: string): Fields => ({ metadata: { annotations: { [CHANGE_ANNOTATION]: change } } })

/**
 * What is sent: the manifest, for the object as it was just read, so that the API server itself refuses when it has changed since. Fields
 * that earlier changes have set are repeated, for what a manager leaves out is taken away; taking a change back leaves out on purpose.
 */
function manifestToSend(write: ApplyWrite, now: KubernetesObject | undefined, mark: string | undefined): Fields {
  const manifest = contentOf(write, mark === undefined)
  const kept =
    mark === undefined || now === undefined
      ? manifest
      : (merge(ownedFields(now, FIELD_MANAGER), manifest, write.apiVersion) as Fields)
  const marked = mark === undefined ? kept : (merge(kept, markedBy(mark), write.apiVersion) as Fields)
  const { name, namespace } = write.ref
  const version =
    now === undefined
      ? { resourceVersion: NONE_YET }
      : { uid: now.metadata.uid, resourceVersion: now.metadata.resourceVersion }
  return {
    ...marked,
    apiVersion: write.apiVersion,
    kind: write.ref.kind,
    metadata: { ...(isFields(marked.metadata) ? marked.metadata : {}), name, ...defined({ namespace }), ...version },
  }
}

/** What a write sets. @throws WriteError `refused` when it is no manifest of the object that the write names */
function manifestFor({ manifest, ref, apiVersion }: ApplyWrite): Fields {
  try {
    const value = parseManifest(manifest, 'whole object')
    const { name, namespace = ref.namespace } = value.metadata
    const isIt =
      value.kind === ref.kind && value.apiVersion === apiVersion && name === ref.name && namespace === ref.namespace
    if (!isIt) throw new WriteError('refused', `The manifest is for another object than ${formatRef(ref)}.`)
    return { ...value }
  } catch (error) {
    if (!(error instanceof EditError)) throw error
    const what = error.cause === undefined ? 'not a Kubernetes object that may be written' : 'not YAML'
    throw new WriteError('refused', `The manifest of ${formatRef(ref)} is ${what} (${error.message}).`, {
      cause: error,
    })
  }
}

/** Parts of metadata that a write may set, beside the names; an object that is made again has the others too. */
const METADATA = ['labels', 'annotations']
const METADATA_MADE_AGAIN = [...METADATA, 'ownerReferences', 'finalizers']

/** The fields that a manifest sets: without its names, versions and status, and without what is empty. */
function contentOf(write: ApplyWrite, undoes: boolean): Fields {
  const { apiVersion: _version, kind: _kind, status: _status, metadata, ...rest } = manifestFor(write)
  const allowed = undoes ? METADATA_MADE_AGAIN : METADATA
  const kept = Object.entries(isFields(metadata) ? metadata : {}).filter(
    ([name, value]) => allowed.includes(name) && !(isFields(value) && Object.keys(value).length === 0),
  )
  return { ...(kept.length > 0 && { metadata: Object.fromEntries(kept) }), ...rest }
}

function objectIn(answer: ApiAnswer): KubernetesObject {
  try {
    return JSON.parse(answer.text) as KubernetesObject
  } catch (error) {
    throw new WriteError('unavailable', 'the API server answered something that is not JSON', {
      sent: true,
      cause: error,
    })
  }
}

/** A dry run's result, with the mark that the object carries now in place of the rehearsal's. */
function withMarkOf(object: KubernetesObject, before: KubernetesObject | undefined): KubernetesObject {
  const { [CHANGE_ANNOTATION]: _mark, ...others } = object.metadata.annotations ?? {}
  const former = before?.metadata.annotations?.[CHANGE_ANNOTATION]
  const annotations = { ...others, ...(former !== undefined && { [CHANGE_ANNOTATION]: former }) }
  const { annotations: _annotations, ...metadata } = object.metadata
  return { ...object, metadata: { ...metadata, ...(Object.keys(annotations).length > 0 && { annotations }) } }
}
