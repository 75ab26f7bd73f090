import type { ListPage } from '../answers.ts'
import type { RequestOptions } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node/dist/config.js'
import { HttpMethod, RequestContext } from '@kubernetes/client-node/dist/gen/http/http.js'
import type { KubernetesObject } from '../../mesh/objects.ts'
import type { Permission } from '../reading.ts'
import type { Ref } from '../../mesh/ref.ts'
import type { Kubernetes, PortForward, Resource, Where } from './clients.ts'
import { UnseenError } from './clients.ts'
import type { ServerClock } from './server-clock.ts'
import { missingPermission } from './forbidden.ts'
import { AGGREGATED, groupsOf, listedResources, servedResources } from './aggregated-discovery.ts'
import { ServedVersions } from './served-versions.ts'
import { Connections } from './connections.ts'
import { restrictPlugins } from './credential-plugins.ts'
import { askPod, openTunnel, type PodAnswer } from './port-forward.ts'
import { searchLines, type LogFound, type LogSearch } from './log-search.ts'
import { beginningOf, ByteBudget, textOf, type Answer } from './byte-budget.ts'
import { defined } from '../../mesh/defined.ts'
import { answered } from './answered.ts'

/** Where the API server is and who asks. */
export interface KubernetesOptions {
  kubeconfig?: string | undefined
  context?: string | undefined
  /** Hears the `Date` of every answer. */
  clock?: ServerClock | undefined
  /** What all answers of the process share; a budget of its own when absent. */
  budget?: ByteBudget | undefined
  /** Of this process: credential plugins get what they may of it; nothing when absent. */
  environment?: Readonly<Record<string, string | undefined>> | undefined
}

/** A connection that can't even be tried: no kubeconfig, an unknown context. `message` says what would work. */
export class ClusterConfigurationError extends Error {
  readonly code: 'cluster-configuration' | 'unknown-context' = 'cluster-configuration'
}

/** The kubeconfig has no context of the name that was asked for. */
class UnknownContextError extends ClusterConfigurationError {
  override readonly code = 'unknown-context'
}

/** Milliseconds that discovery of a group may take. */
const DISCOVERY_TIMEOUT = 10_000
/** Objects a page: what kubectl asks for at once. */
const PAGE = 500
/** Objects of one list that are read; what has more counts as not seen. */
const MOST_OBJECTS = 100_000
/** Bytes of an answer that is an error, or a few facts. */
const MOST_ERROR = 64 * 1024
const MOST_FACTS = 8 * 1024 * 1024
/** Bytes of a log that are asked for, where no window says so: hundreds of lines have far fewer. */
const MOST_LOG = 16 * 1024 * 1024
/** Milliseconds after the moment at which the first line of a log may be without a question about it; and bytes that hold when the first line was written. */
const BEGINS_LATER = 5000
const FIRST_LINE = 64

/** Reads the kubeconfig (KUBECONFIG, the default file, or the pod's own service account). Throws ClusterConfigurationError. */
export function loadKubeConfig({ kubeconfig, context, environment = {} }: KubernetesOptions): KubeConfig {
  const config = new KubeConfig()
  try {
    if (kubeconfig === undefined) config.loadFromDefault()
    else config.loadFromFile(kubeconfig)
  } catch (error) {
    throw new ClusterConfigurationError(
      `The kubeconfig could not be read: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    )
  }
  if (context !== undefined) {
    const names = config.getContexts().map(({ name }) => name)
    if (!names.includes(context))
      throw new UnknownContextError(
        `The kubeconfig has no context ${JSON.stringify(context)}; it has: ${names.join(', ') || 'none'}.`,
      )
    config.setCurrentContext(context)
  }
  restrictPlugins(config, environment)
  if (config.getCurrentCluster() === null)
    throw new ClusterConfigurationError('No cluster is configured: set KUBECONFIG or name a context.')
  return config
}

/** Connections to ports of pods, with the kubeconfig's credentials. */
export function podConnections(options: KubernetesOptions): PortForward {
  const config = loadKubeConfig(options)
  const server = config.getCurrentCluster()?.server ?? ''
  return async (pod, port, signal) => {
    const credentials = {}
    await config.applyToHTTPSOptions(credentials)
    return openTunnel({ server, options: credentials }, pod, port, signal)
  }
}

const groupPath = ({ group, version }: Resource): string =>
  group === '' ? `/api/${version}` : `/apis/${group}/${version}`

const logPath = (pod: Ref): string =>
  `/api/v1/namespaces/${encodeURIComponent(pod.namespace ?? '')}/pods/${encodeURIComponent(pod.name)}/log`
const logOf = ({ namespace }: Ref): Permission => ({
  verb: 'get',
  group: '',
  resource: 'pods/log',
  ...defined({ namespace }),
})

/** The API server, and through it the ports of pods. */
export interface KubernetesApi extends Required<Kubernetes> {
  /** Asks one port of a pod for several paths through one tunnel (port-forward). */
  askPod(pod: Ref, port: number, paths: readonly string[], signal: AbortSignal): Promise<PodAnswer[]>
}

/** Reads the API server over HTTP with the kubeconfig's credentials; lists are read in pages. */
export function kubernetesApi(options: KubernetesOptions): KubernetesApi {
  const config = loadKubeConfig(options)
  const server = config.getCurrentCluster()?.server ?? ''
  const connections = new Connections(config)
  const budget = options.budget ?? new ByteBudget()

  /** Sends a question; its answer is read into `into`, and is closed by whoever began that. */
  async function send(
    into: Answer,
    path: string,
    query: Record<string, string>,
    signal: AbortSignal,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
    read: (stream: AsyncIterable<Uint8Array>) => Promise<string> = (stream) => textOf(stream, into),
  ): Promise<{ status: number; text: string }> {
    const context = new RequestContext(
      server.replace(/\/$/, '') + path,
      body === undefined ? HttpMethod.GET : HttpMethod.POST,
    )
    for (const [name, value] of Object.entries(query)) context.setQueryParam(name, value)
    context.setSignal(signal)
    for (const [name, value] of Object.entries(headers)) context.setHeaderParam(name, value)
    if (body !== undefined) {
      context.setHeaderParam('Content-Type', 'application/json')
      context.setBody(JSON.stringify(body))
    }
    try {
      await config.applySecurityAuthentication(context)
      const sentAt = Date.now()
      const response = await connections.send(context)
      options.clock?.heard(response.headers.date, sentAt, Date.now())
      // What the client's own types call a stream of Node's is one of the web's.
      const stream = response.body.stream() as unknown as AsyncIterable<Uint8Array> | null
      const { httpStatusCode: status } = response
      if (stream === null) return { status, text: '' }
      return { status, text: status >= 300 ? await beginningOf(stream, MOST_ERROR) : await read(stream) }
    } catch (error) {
      if (error instanceof UnseenError) throw error
      if (signal.aborted) throw new UnseenError('timeout', 'the API server did not answer in time', { cause: error })
      const cause =
        error instanceof Error && error.cause instanceof Error
          ? `${error.message}: ${error.cause.message}`
          : error instanceof Error
            ? error.message
            : String(error)
      throw new UnseenError('unavailable', `the API server at ${server} could not be reached (${cause})`, {
        cause: error,
      })
    }
  }

  /** Asks for a few facts, that nobody holds longer than it takes to read them. */
  async function ask(...question: Parameters<typeof send> extends [Answer, ...infer Rest] ? Rest : never) {
    const answer = budget.begin(`the answer to ${question[0]}`, { most: MOST_FACTS, signal: question[2] })
    try {
      return await send(answer, ...question)
    } finally {
      answer.drop()
    }
  }

  function refuse({ status, text }: { status: number; text: string }, wanted: Permission): never {
    let detail = text
    try {
      detail = (JSON.parse(text) as { message?: string }).message ?? text
    } catch {
      // Proxies in front of an API server answer with plain text.
    }
    detail = detail.trim().slice(0, 600)
    if (status === 401) throw new UnseenError('forbidden', `the API server refused the credentials: ${detail}`)
    if (status === 403) throw new UnseenError('forbidden', detail, { permission: missingPermission(detail) ?? wanted })
    throw new UnseenError('unavailable', `the API server answered ${status}: ${detail}`)
  }

  function parse(text: string): Record<string, unknown> {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (error) {
      throw new UnseenError('unparsable', 'the API server answered something that is not JSON', { cause: error })
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new UnseenError('unparsable', 'the API server answered JSON that is not an object')
    return value as Record<string, unknown>
  }

  /** Whether the log that the kubelet has begins before the moment: asked where its first line since then is much later. */
  async function reachesBack(
    pod: Ref,
    container: string,
    { search, found }: { search: LogSearch; found: LogFound },
    signal: AbortSignal,
  ): Promise<{ reachesBack?: true }> {
    const since = Date.parse(search.sinceTime)
    if (!(Date.parse(found.begins ?? '') - since > BEGINS_LATER)) return {}
    try {
      const part = { container, timestamps: 'true', limitBytes: String(FIRST_LINE) }
      const { status, text } = await ask(logPath(pod), part, signal)
      return status === 200 && Date.parse(text.slice(0, text.indexOf(' '))) < since ? { reachesBack: true } : {}
    } catch (error) {
      if (signal.aborted || !(error instanceof UnseenError)) throw error
      return {}
    }
  }

  const versions = new ServedVersions(async (path) => {
    const answer = await ask(path, {}, AbortSignal.timeout(DISCOVERY_TIMEOUT))
    if (answer.status === 404) return 'absent'
    return answer.status === 200 ? parse(answer.text) : undefined
  })

  /** All pages of a list. */
  async function pagesOf(
    resource: Resource,
    path: string,
    where: Where,
    { reading, wanted, signal }: { reading: Answer; wanted: Permission; signal: AbortSignal },
  ): Promise<KubernetesObject[]> {
    const objects: KubernetesObject[] = []
    let page = ''
    do {
      const answer = await send(
        reading,
        path,
        {
          limit: String(PAGE),
          ...defined({ labelSelector: where.labels, fieldSelector: where.fields }),
          ...(page !== '' && { continue: page }),
        },
        signal,
      )
      if (answer.status === 404 && resource.group.includes('.')) return []
      if (answer.status !== 200) refuse(answer, wanted)
      const { items, metadata } = answered('page of a list', parse(answer.text) as unknown as ListPage)
      const next = metadata?.continue ?? ''
      const count = objects.length + (items?.length ?? 0)
      if (count > MOST_OBJECTS || (next !== '' && next === page))
        throw new UnseenError(
          'unavailable',
          `the API server has more ${resource.plural} than mesh-medic reads: cut off after ${Math.min(count, MOST_OBJECTS)}`,
        )
      // Items of a list carry no kind of their own.
      for (const item of items ?? []) objects.push({ ...item, kind: resource.kind } as unknown as KubernetesObject)
      page = next
    } while (page !== '')
    return objects
  }

  return {
    async list(asked: Resource, where: Where, signal) {
      const version = asked.anyVersion === true ? await versions.of(asked) : asked.version
      if (version === undefined) return []
      const resource = { ...asked, version }
      const wanted: Permission = {
        verb: 'list',
        group: resource.group,
        resource: resource.plural,
        ...defined({ namespace: where.namespace }),
      }
      const scope = where.namespace === undefined ? '' : `/namespaces/${encodeURIComponent(where.namespace)}`
      const reading = budget.begin(`the list of ${resource.plural}`, { signal })
      try {
        const objects = await pagesOf(resource, `${groupPath(resource)}${scope}/${resource.plural}`, where, {
          reading,
          wanted,
          signal,
        })
        reading.end()
        return objects
      } finally {
        reading.drop()
      }
    },

    async served(groups, signal) {
      const answer = await ask('/apis', {}, signal, undefined, { Accept: AGGREGATED })
      if (answer.status !== 200) refuse(answer, { verb: 'get', group: '', resource: 'apis' })
      const discovered = parse(answer.text)
      if (Array.isArray(discovered.items)) return servedResources(discovered, groups)
      const lists = await Promise.all(
        groupsOf(discovered, groups).map(async ({ group, version }) => {
          const list = await ask(`/apis/${group}/${version}`, {}, signal)
          if (list.status !== 200) refuse(list, { verb: 'get', group, resource: '*' })
          return listedResources(parse(list.text), group, version)
        }),
      )
      return lists.flat()
    },

    async log(pod, container, tailLines, signal, window) {
      const part = {
        container,
        tailLines: String(tailLines),
        limitBytes: String(window?.limitBytes ?? MOST_LOG),
        ...(window !== undefined && { sinceTime: window.sinceTime }),
      }
      const reading = budget.begin(`the log of ${pod.name}`, { signal })
      try {
        const answer = await send(reading, logPath(pod), part, signal)
        if (answer.status !== 200) refuse(answer, logOf(pod))
        if (window === undefined && answer.text.length >= MOST_LOG)
          throw new UnseenError('unavailable', `the log of ${pod.name} is longer than mesh-medic reads: cut off`)
        reading.end()
        return answer.text
      } finally {
        reading.drop()
      }
    },

    async search(pod, container, search, signal) {
      const reading = budget.begin(`the log of ${pod.name}`, { signal })
      let found: LogFound | undefined
      const read = async (stream: AsyncIterable<Uint8Array>): Promise<string> => {
        found = await searchLines(stream, search, (characters) => reading.reserve(characters))
        return found.text
      }
      try {
        const answer = await send(
          reading,
          logPath(pod),
          { container, sinceTime: search.sinceTime },
          signal,
          undefined,
          {},
          read,
        )
        if (answer.status !== 200) refuse(answer, logOf(pod))
        reading.end()
        const whole = found ?? { text: '', lines: 0, bytes: 0, matched: 0, tooLong: 0, garbled: 0, whole: true }
        return { ...whole, ...(await reachesBack(pod, container, { search, found: whole }, signal)) }
      } finally {
        reading.drop()
      }
    },

    async allowed({ verb, group, resource, namespace, name }, signal) {
      const [plural = '', subresource] = resource.split('/')
      const answer = await ask('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {}, signal, {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { verb, group, resource: plural, ...defined({ subresource, namespace, name }) } },
      })
      if (answer.status !== 201)
        refuse(answer, { verb: 'create', group: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews' })
      return (parse(answer.text) as { status?: { allowed?: boolean } }).status?.allowed === true
    },

    async askPod(pod, port, paths, signal) {
      const access: RequestOptions = {}
      await config.applyToHTTPSOptions(access)
      return askPod({ server, options: access, budget }, pod, port, paths, signal)
    },

    async version(signal) {
      const answer = await ask('/version', {}, signal)
      if (answer.status !== 200) refuse(answer, { verb: 'get', group: '', resource: 'version' })
      return String(parse(answer.text).gitVersion)
    },
  }
}
