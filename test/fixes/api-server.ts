import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'yaml'
import { WRITABLE } from '../../src/fixes/writable-kinds.ts'
import { RESOURCES } from '../../src/evidence/collectors/objects.ts'
import type { KubernetesObject } from '../../src/mesh/objects.ts'
import type { Ref } from '../../src/mesh/ref.ts'
import { applyManifest, conflictsOf, type Stored, updated } from './server-side-apply.ts'
import { defined } from '../../src/mesh/defined.ts'

/** A request that would change something. */
export interface WriteRequest {
  verb: 'patch' | 'create' | 'delete'
  ref: Ref
  user: string
  groups: string[]
  manager: string
  force: boolean
  dryRun: boolean
  /** As it was sent. */
  body: Record<string, unknown>
  /** True when it was stored. */
  landed: boolean
}

/** An answer that refuses: `{code: 403, message: '…'}`. */
export interface Refusal {
  code: number
  message: string
  reason?: string
  causes?: { reason: string; message: string; field: string }[]
}

/**
 * What goes wrong with the next requests of a sort: `hang` never answers, `lose answer` does what is asked and then ends the connection, `cut` ends it
 * before anything is done, a Refusal is answered in place of everything.
 */
export interface Fault {
  on: 'read' | 'write'
  how: 'hang' | 'lose answer' | 'cut' | Refusal
  /** How many requests; default 1. */
  times?: number
  /** Dry runs too; default false. */
  dryRuns?: boolean
}

export interface ApiServerOptions {
  objects?: readonly KubernetesObject[]
  /** Says why a write is refused (RBAC, a webhook); undefined lets it pass. Asked for dry runs too. */
  rules?: (request: WriteRequest) => Refusal | undefined
}

/** An API server that keeps objects in memory, for tests of the writer: lists, server-side apply, deletions, dry runs. */
export interface ApiServer {
  url: string
  /** Path of a kubeconfig for it. */
  kubeconfig: string
  objects(): KubernetesObject[]
  /** An object as it is now. */
  get(ref: Ref): KubernetesObject | undefined
  /** Somebody else writes an object, as `kubectl replace` does. */
  put(object: KubernetesObject, manager?: string): KubernetesObject
  /** A controller writes the status: another resource version, the same generation. */
  touch(ref: Ref): void
  /** Somebody else deletes an object. */
  remove(ref: Ref): void
  /** Every request that would change something, dry runs and refused ones too. */
  writes: WriteRequest[]
  /** Those that were stored. */
  landed(): WriteRequest[]
  fail(fault: Fault): void
  /** Called before each write is looked at: for what happens meanwhile. */
  meanwhile: ((request: WriteRequest) => void) | undefined
  stop(): Promise<void>
}

/** RBAC's own words. */
export const forbidden = ({ user, verb, ref }: Pick<WriteRequest, 'user' | 'verb' | 'ref'>): Refusal => {
  const { plural, group } = resourceOf(ref.kind)
  const where = ref.namespace === undefined ? 'at the cluster scope' : `in the namespace "${ref.namespace}"`
  return {
    code: 403,
    reason: 'Forbidden',
    message: `${plural}${group === '' ? '' : `.${group}`} "${ref.name}" is forbidden: User "${user}" cannot ${verb} resource "${plural}" in API group "${group}" ${where}`,
  }
}

/** What Istio's validating webhook answers. */
export const webhookDenied = (why: string): Refusal => ({
  code: 400,
  message: `admission webhook "validation.istio.io" denied the request: configuration is invalid: ${why}`,
})

const KINDS = [...Object.values(RESOURCES), ...WRITABLE]
const resourceOf = (kind: string): { plural: string; group: string; version: string } => {
  const found = KINDS.find((one) => one.kind === kind)
  if (found === undefined) throw new Error(`this API server does not serve ${kind}`)
  return found
}

/** Kinds of Kubernetes' own whose specs have no generation here. */
const WITHOUT_GENERATION = ['Namespace', 'ConfigMap', 'Service', 'EndpointSlice']
/** Kubernetes' own kinds may be written without naming a version. */
const isCustom = ({ apiVersion = '' }: KubernetesObject): boolean => apiVersion.includes('istio.io/')

const keyOf = ({ kind, namespace, name }: Ref): string => `${kind} ${namespace ?? ''}/${name}`
const refOf = ({ kind, metadata: { name, namespace } }: KubernetesObject): Ref => ({
  kind,
  name,
  ...defined({ namespace }),
})

/** A refusal, thrown on the way. */
class Refused extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.message)
    this.refusal = refusal
  }
}
const refuse = (code: number, message: string, more: Partial<Refusal> = {}): never => {
  throw new Refused({ code, message, ...more })
}

interface Path {
  kind: string
  plural: string
  group: string
  apiVersion: string
  namespace?: string
  name?: string
}

function parsePath(path: string): Path | undefined {
  const [, group = '', version = '', namespace, plural = '', name] =
    /^\/(?:api|apis\/([^/]+))\/(v[^/]+)(?:\/namespaces\/([^/]+)(?=\/))?\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? []
  const found = KINDS.find((one) => one.plural === plural && one.group === group)
  if (found === undefined) return undefined
  return {
    kind: found.kind,
    plural,
    group,
    apiVersion: group === '' ? version : `${group}/${version}`,
    ...defined({ namespace }),
    ...(name !== undefined && { name: decodeURIComponent(name) }),
  }
}

const headerValues = (request: IncomingMessage, name: string): string[] =>
  request.rawHeaders.flatMap((value, index) =>
    index % 2 === 0 && value.toLowerCase() === name ? [request.rawHeaders[index + 1] ?? ''] : [],
  )

/** Starts an API server on the loopback. */
export async function startApiServer({ objects = [], rules }: ApiServerOptions = {}): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-api-server-'))
  const kubeconfig = join(folder, 'kubeconfig')
  const stored = new Map<string, Stored>()
  const faults: Required<Fault>[] = []
  let revision = 1000

  const save = (object: Stored): Stored => {
    revision += 1
    const saved: Stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
    stored.set(keyOf(refOf(saved)), saved)
    return saved
  }
  const made = (object: Stored): Stored => ({
    ...object,
    metadata: {
      ...object.metadata,
      uid: randomUUID(),
      creationTimestamp: new Date().toISOString(),
      ...(!WITHOUT_GENERATION.includes(object.kind) && { generation: 1 }),
    },
  })
  /** The spec is all but metadata and status. */
  const specOf = ({ metadata: _metadata, status: _status, ...rest }: Stored): unknown => rest
  const changed = (before: Stored, after: Stored): Stored => {
    const { generation } = before.metadata
    return generation === undefined || isDeepStrictEqual(specOf(before), specOf(after))
      ? after
      : { ...after, metadata: { ...after.metadata, generation: generation + 1 } }
  }
  const put = (object: KubernetesObject, manager = 'kubectl-client-side-apply'): Stored => {
    const before = stored.get(keyOf(refOf(object)))
    const {
      uid: _uid,
      resourceVersion: _version,
      managedFields: _fields,
      ...metadata
    } = structuredClone(object.metadata)
    const next = updated(before, { ...structuredClone(object), metadata }, manager)
    if (before === undefined) return save(made(next))
    const { uid, creationTimestamp, generation } = before.metadata
    return save(
      changed(before, { ...next, metadata: { ...next.metadata, ...defined({ uid, creationTimestamp, generation }) } }),
    )
  }
  for (const object of objects) put(object)

  /** Does what is asked and answers the object after it; throws Refused. */
  function apply(request: WriteRequest, path: Path): { code: number; object: Stored } {
    const { body, manager, force, dryRun, ref } = request
    const before = stored.get(keyOf(ref))
    const { uid, resourceVersion } = (body.metadata ?? {}) as { uid?: string; resourceVersion?: string }
    const resource = `${path.plural}${path.group === '' ? '' : `.${path.group}`}`
    if (before === undefined && uid !== undefined)
      refuse(
        409,
        `Operation cannot be fulfilled on ${resource} "${ref.name}": uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
        { reason: 'Conflict' },
      )
    if (before === undefined && resourceVersion !== undefined && resourceVersion !== '0' && !dryRun)
      refuse(
        409,
        `Operation cannot be fulfilled on ${resource} "${ref.name}": resourceVersion should not be set on objects to be created`,
        { reason: 'Conflict' },
      )
    if (
      ref.namespace !== undefined &&
      [...stored.values()].some(({ kind }) => kind === 'Namespace') &&
      !stored.has(keyOf({ kind: 'Namespace', name: ref.namespace }))
    )
      refuse(404, `namespaces "${ref.namespace}" not found`, { reason: 'NotFound' })
    const live = before ?? {
      apiVersion: path.apiVersion,
      kind: ref.kind,
      metadata: { name: ref.name, ...defined({ namespace: ref.namespace }) },
    }
    const conflicts = conflictsOf(live, body, manager)
    if (conflicts.length > 0 && !force) {
      refuse(
        409,
        `Apply failed with ${conflicts.length} conflict${conflicts.length > 1 ? 's' : ''}: ${conflicts.map(({ message, field }) => `${message}: ${field}`).join(', ')}`,
        { reason: 'Conflict', causes: conflicts },
      )
    }
    if (before !== undefined) {
      if (uid !== undefined && uid !== before.metadata.uid)
        refuse(
          422,
          `${ref.kind}.${path.group} "${ref.name}" is invalid: metadata.uid: Invalid value: "${uid}": field is immutable`,
          { reason: 'Invalid' },
        )
      if (resourceVersion === '0' && isCustom(before))
        refuse(
          422,
          `${resource} "${ref.name}" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`,
          { reason: 'Invalid' },
        )
      if (
        resourceVersion !== undefined &&
        resourceVersion !== '0' &&
        resourceVersion !== before.metadata.resourceVersion
      ) {
        refuse(
          409,
          `Operation cannot be fulfilled on ${resource} "${ref.name}": the object has been modified; please apply your changes to the latest version and try again`,
          { reason: 'Conflict' },
        )
      }
    }
    const applied = applyManifest(live, body, manager)
    if (before !== undefined && isDeepStrictEqual(before, applied)) return { code: 200, object: before }
    const after = before === undefined ? made(applied) : changed(before, applied)
    return { code: before === undefined ? 201 : 200, object: dryRun ? after : save(after) }
  }

  function remove({ body, ref, dryRun }: WriteRequest, path: Path): { code: number; object: unknown } {
    const before = stored.get(keyOf(ref))
    const resource = `${path.plural}${path.group === '' ? '' : `.${path.group}`}`
    if (before === undefined) return refuse(404, `${resource} "${ref.name}" not found`, { reason: 'NotFound' })
    const { uid, resourceVersion } = (body.preconditions ?? {}) as { uid?: string; resourceVersion?: string }
    if (uid !== undefined && uid !== before.metadata.uid) {
      refuse(
        409,
        `Operation cannot be fulfilled on ${ref.kind}.${path.group} "${ref.name}": the UID in the precondition (${uid}) does not match the UID in record (${before.metadata.uid ?? ''}). The object might have been deleted and then recreated`,
        { reason: 'Conflict' },
      )
    }
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion) {
      refuse(
        409,
        `Operation cannot be fulfilled on ${ref.kind}.${path.group} "${ref.name}": the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${before.metadata.resourceVersion ?? ''}). The object might have been modified`,
        { reason: 'Conflict' },
      )
    }
    if (!dryRun) stored.delete(keyOf(ref))
    return { code: 200, object: { kind: 'Status', apiVersion: 'v1', status: 'Success' } }
  }

  function list(path: Path, query: URLSearchParams): unknown {
    const wanted = new Map(
      (query.get('fieldSelector') ?? '')
        .split(',')
        .filter((part) => part !== '')
        .map((part) => part.split('=') as [string, string]),
    )
    const labels = (query.get('labelSelector') ?? '')
      .split(',')
      .filter((part) => part !== '')
      .map((part) => part.split('=') as [string, string])
    const items = [...stored.values()].filter(
      ({ kind, metadata: { name, namespace, labels: own = {} } }) =>
        kind === path.kind &&
        (path.namespace === undefined || namespace === path.namespace) &&
        (wanted.get('metadata.name') ?? name) === name &&
        labels.every(([key, value]) => own[key] === value),
    )
    return {
      kind: `${path.kind}List`,
      apiVersion: path.apiVersion,
      metadata: { resourceVersion: String(revision) },
      items,
    }
  }

  function change(
    request: IncomingMessage,
    url: URL,
    path: Path,
    body: string,
  ): { seen: WriteRequest; act: () => { code: number; object: unknown } } {
    const isDelete = request.method === 'DELETE'
    const isPost = request.method === 'POST'
    const sent = (parse(body) ?? {}) as Record<string, unknown>
    const named = isPost ? (sent.metadata as { name?: string } | undefined)?.name : path.name
    const ref: Ref = { kind: path.kind, name: named ?? '', ...defined({ namespace: path.namespace }) }
    // Of a deletion with a body the query is not looked at, as in Kubernetes.
    const dryRun = isDelete && body !== '' ? (sent.dryRun as string[] | undefined)?.[0] : url.searchParams.get('dryRun')
    const seen: WriteRequest = {
      verb: isDelete ? 'delete' : !isPost && stored.has(keyOf(ref)) ? 'patch' : 'create',
      ref,
      user: headerValues(request, 'impersonate-user')[0] ?? 'bot',
      groups: headerValues(request, 'impersonate-group'),
      manager: url.searchParams.get('fieldManager') ?? '',
      force: url.searchParams.get('force') === 'true',
      dryRun: dryRun === 'All',
      body: sent,
      landed: false,
    }
    return {
      seen,
      act: () => {
        server.meanwhile?.(seen)
        const refusal = rules?.(seen)
        if (refusal !== undefined) throw new Refused(refusal)
        if (isPost && stored.has(keyOf(ref)))
          refuse(409, `${path.plural}${path.group === '' ? '' : `.${path.group}`} "${ref.name}" already exists`, {
            reason: 'AlreadyExists',
          })
        const done = isDelete ? remove(seen, path) : apply(seen, path)
        seen.landed = !seen.dryRun
        return done
      },
    }
  }

  const say = (response: ServerResponse, code: number, body: unknown): void => {
    response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
  }
  const sayRefusal = (response: ServerResponse, { code, message, reason, causes }: Refusal): void =>
    say(response, code, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...defined({ reason }),
      ...(causes !== undefined && { details: { causes } }),
      code,
    })

  /** The fault that this request meets, if any. */
  function faultFor(on: Fault['on'], dryRun: boolean): Fault['how'] | undefined {
    const index = faults.findIndex((fault) => fault.on === on && (!dryRun || fault.dryRuns) && fault.times > 0)
    const fault = faults[index]
    if (fault === undefined) return undefined
    fault.times -= 1
    if (fault.times === 0) faults.splice(index, 1)
    return fault.how
  }

  function answer(
    response: ServerResponse,
    how: Fault['how'] | undefined,
    act: () => { code: number; object: unknown },
  ): void {
    if (how === 'hang') return
    if (how === 'cut') {
      response.destroy()
      return
    }
    if (typeof how === 'object') {
      sayRefusal(response, how)
      return
    }
    try {
      const { code, object } = act()
      if (how === 'lose answer') response.destroy()
      else say(response, code, object)
    } catch (error) {
      sayRefusal(response, error instanceof Refused ? error.refusal : { code: 500, message: String(error) })
    }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://server')
    const body = await text(request)
    const path = parsePath(url.pathname)
    if (url.pathname === '/version') say(response, 200, { gitVersion: 'v1.34.4' })
    else if (url.pathname.endsWith('/selfsubjectaccessreviews')) say(response, 201, { status: { allowed: true } })
    else if (path === undefined)
      sayRefusal(response, {
        code: 404,
        message: 'the server could not find the requested resource',
        reason: 'NotFound',
      })
    else if (request.method === 'GET')
      answer(response, faultFor('read', false), () => ({ code: 200, object: list(path, url.searchParams) }))
    else {
      const { seen, act } = change(request, url, path, body)
      server.writes.push(seen)
      answer(response, faultFor('write', seen.dryRun), act)
    }
  }

  const http = createServer((request, response) => void handle(request, response))
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve)
  })
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'bot' } }],
      clusters: [{ name: 'test', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'bot', user: { token: 'the-token' } }],
    }),
  )

  const server: ApiServer = {
    url,
    kubeconfig,
    writes: [],
    meanwhile: undefined,
    objects: () => structuredClone([...stored.values()]),
    get: (ref) => structuredClone(stored.get(keyOf(ref))),
    put: (object, manager) => structuredClone(put(object, manager)),
    touch(ref) {
      const object = stored.get(keyOf(ref))
      if (object !== undefined) save(object)
    },
    remove: (ref) => void stored.delete(keyOf(ref)),
    landed: () => server.writes.filter(({ landed }) => landed),
    fail: ({ on, how, times = 1, dryRuns = false }) => void faults.push({ on, how, times, dryRuns }),
    async stop() {
      http.closeAllConnections()
      await new Promise((resolve) => {
        http.close(resolve)
      })
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return server
}
