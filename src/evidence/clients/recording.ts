import { z } from 'zod'
import type { KubernetesObject } from '../../mesh/objects.ts'
import { formatRef, type Ref } from '../../mesh/ref.ts'
import type { Permission } from '../reading.ts'
import { redact } from '../redaction.ts'
import type { Clients, LogWindow, Resource, Where } from './clients.ts'
import { UnseenError } from './clients.ts'
import { defined } from '../../mesh/defined.ts'

const Call = z.strictObject({
  /** What was asked: `kubernetes list services.v1 -A`, `istioctl proxy-status -o json`. */
  call: z.string(),
  /** JSON that came back, or text; one of them unless it failed. */
  json: z.unknown().optional(),
  text: z.string().optional(),
  failed: z
    .strictObject({
      reason: z.enum(['forbidden', 'timeout', 'unavailable', 'unparsable']),
      detail: z.string(),
      permission: z
        .strictObject({
          verb: z.string(),
          group: z.string(),
          resource: z.string(),
          namespace: z.string().exactOptional(),
          name: z.string().exactOptional(),
        })
        .exactOptional(),
    })
    .optional(),
})
type Call = z.infer<typeof Call>

/** Everything the clients really got from a mesh in one diagnosis, redacted. */
export const Recording = z.strictObject({
  /** ISO time; a replay lives at this moment. */
  madeAt: z.string(),
  calls: z.array(Call),
})
export type Recording = z.infer<typeof Recording>

const listCall = (resource: Resource, { namespace, labels, fields }: Where): string =>
  [
    'kubernetes list',
    `${resource.plural}.${resource.version}${resource.group === '' ? '' : `.${resource.group}`}`,
    namespace === undefined ? '-A' : `-n ${namespace}`,
    ...(labels === undefined ? [] : [`-l ${labels}`]),
    ...(fields === undefined ? [] : [`--field-selector ${fields}`]),
  ].join(' ')
/** What of a proxy is read without a process. */
const PROXY_PARTS: ReadonlySet<string> = new Set(['listeners', 'routes', 'clusters', 'endpoints'])
const SERVED_CALL = 'kubernetes served'
const logCall = (pod: Ref, container: string, tailLines: number, window: LogWindow | undefined): string =>
  `kubernetes log ${formatRef(pod)} ${container} ${tailLines}${window === undefined ? '' : ` since ${window.sinceTime}`}`
const accessCall = ({ verb, group, resource, namespace, name }: Permission): string =>
  `kubernetes can ${verb} ${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : ` ${name}`} ${namespace === undefined ? '-A' : `-n ${namespace}`}`

/** An object without the bulk no check reads: the field sets of managedFields, kubectl's copy of the manifest, and what a GatewayClass supports. */
function slim(object: KubernetesObject): KubernetesObject {
  const { 'kubectl.kubernetes.io/last-applied-configuration': _, ...annotations } = object.metadata.annotations ?? {}
  const managedFields = object.metadata.managedFields?.map(({ manager, operation, subresource, time }) => ({
    ...defined({ manager, operation, subresource, time }),
  }))
  const { supportedFeatures: __, ...status } = (object.status ?? {}) as Record<string, unknown>
  return {
    ...object,
    ...(object.status !== undefined && { status }),
    metadata: {
      ...object.metadata,
      ...(object.metadata.annotations !== undefined && { annotations }),
      ...defined({ managedFields }),
    },
  }
}

const redactJson = (value: unknown): unknown => JSON.parse(redact(JSON.stringify(value)))

/** Parses one JSON document; undefined when the text is not exactly that. */
function asJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? value : undefined
  } catch {
    return undefined
  }
}

/** Clients that pass everything on to others and keep what came back, redacted; failures too. */
export function recordClients(clients: Clients): { clients: Clients; recording: Recording } {
  const began = Date.now()
  const recording: Recording = { madeAt: clients.now(began).toISOString(), calls: [] }
  async function keep<T>(call: string, ask: () => Promise<T>, kept: (answer: T) => Partial<Call>): Promise<T> {
    try {
      const answer = await ask()
      recording.calls.push({ call, ...kept(answer) })
      return answer
    } catch (error) {
      if (error instanceof UnseenError)
        recording.calls.push({
          call,
          failed: { reason: error.reason, detail: redact(error.message), ...defined({ permission: error.permission }) },
        })
      throw error
    } finally {
      recording.madeAt = clients.now(began).toISOString()
    }
  }
  const { kubernetes, istioctl, prometheus, portForward } = clients
  return {
    recording,
    clients: {
      kubernetes: {
        list: (resource, where, signal) =>
          keep(
            listCall(resource, where),
            () => kubernetes.list(resource, where, signal),
            (items) => ({ json: redactJson(items.map(slim)) }),
          ),
        ...(kubernetes.served !== undefined && {
          served: (groups: readonly string[], signal: AbortSignal) =>
            keep(
              SERVED_CALL,
              async () => (await kubernetes.served?.(groups, signal)) ?? [],
              (json) => ({ json }),
            ),
        }),
        log: (pod, container, tailLines, signal, window) =>
          keep(
            logCall(pod, container, tailLines, window),
            () => kubernetes.log(pod, container, tailLines, signal, window),
            (text) => ({ text: redact(text) }),
          ),
        allowed: (permission, signal) =>
          keep(
            accessCall(permission),
            () => kubernetes.allowed(permission, signal),
            (json) => ({ json }),
          ),
        version: (signal) =>
          keep(
            'kubernetes version',
            () => kubernetes.version(signal),
            (text) => ({ text }),
          ),
      },
      istioctl: {
        run: (args, signal) =>
          keep(
            `istioctl ${args.join(' ')}`,
            () => istioctl.run(args, signal),
            (text) => {
              const json = asJson(text)
              return json === undefined ? { text: redact(text) } : { json: redactJson(json) }
            },
          ),
        // Kept as if it had been printed: a replay cannot tell.
        read: (args, signal) => {
          const read = istioctl.read?.(args, signal)
          return read === undefined
            ? undefined
            : keep(
                `istioctl ${args.join(' ')}`,
                () => read,
                (json) => ({ json: redactJson(json) }),
              )
        },
        ...(istioctl.changedAt !== undefined && { changedAt: (pod: Ref) => istioctl.changedAt?.(pod) }),
      },
      ...(prometheus !== undefined && {
        prometheus: {
          query: (expression, signal) =>
            keep(
              `prometheus ${expression}`,
              () => prometheus.query(expression, signal),
              (json) => ({ json }),
            ),
        },
      }),
      ...defined({ portForward }),
      now: (machineTime) => clients.now(machineTime),
    },
  }
}

export interface ReplayOptions {
  /** Milliseconds that pass before each answer. */
  delay?: number
  /** True to hand out what the recording holds itself, and no copies: of a recording that cannot be changed, or that nobody else reads. */
  shared?: boolean
}

/** Clients that answer from a recording and know no cluster; what was never asked is unavailable. */
export function replayClients(recording: Recording, { delay = 0, shared = false }: ReplayOptions = {}): Clients {
  const handed = <T>(value: T): T => (shared ? value : structuredClone(value))
  const calls = new Map(recording.calls.map((call) => [call.call, call]))
  async function answer(name: string, signal: AbortSignal): Promise<Call> {
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay))
    signal.throwIfAborted()
    const call = calls.get(name)
    if (call === undefined) throw new UnseenError('unavailable', `the recording does not hold: ${name}`)
    if (call.failed !== undefined)
      throw new UnseenError(call.failed.reason, call.failed.detail, { permission: call.failed.permission })
    return call
  }
  return {
    kubernetes: {
      list: async (resource, where, signal) =>
        handed((await answer(listCall(resource, where), signal)).json) as KubernetesObject[],
      ...(calls.has(SERVED_CALL) && {
        served: async (_: readonly string[], signal: AbortSignal) =>
          handed((await answer(SERVED_CALL, signal)).json) as Resource[],
      }),
      log: async (pod, container, tailLines, signal, window) =>
        (await answer(logCall(pod, container, tailLines, window), signal)).text ?? '',
      allowed: async (permission, signal) => (await answer(accessCall(permission), signal)).json === true,
      version: async (signal) => (await answer('kubernetes version', signal)).text ?? '',
    },
    istioctl: {
      run: async (args, signal) => {
        const { json, text } = await answer(`istioctl ${args.join(' ')}`, signal)
        return json === undefined ? (text ?? '') : JSON.stringify(json)
      },
      ...(shared && {
        read: (args: readonly string[], signal: AbortSignal) =>
          args[0] === 'proxy-config' && PROXY_PARTS.has(args[1] ?? '')
            ? answer(`istioctl ${args.join(' ')}`, signal).then(({ json, text }) =>
                json === undefined ? (JSON.parse(text ?? '') as unknown) : json,
              )
            : undefined,
      }),
    },
    ...(recording.calls.some(({ call }) => call.startsWith('prometheus ')) && {
      prometheus: {
        query: async (expression: string, signal: AbortSignal) =>
          handed((await answer(`prometheus ${expression}`, signal)).json) as {
            metric: Record<string, string>
            value: number
          }[],
      },
    }),
    now: () => new Date(recording.madeAt),
  }
}

/** A recording as a file: one call a line, sorted, so that changes can be read. */
export function formatRecording({ madeAt, calls }: Recording): string {
  const lines = calls.toSorted((a, b) => a.call.localeCompare(b.call, 'en')).map((call) => JSON.stringify(call))
  return `{"madeAt":${JSON.stringify(madeAt)},"calls":[\n${lines.join(',\n')}\n]}\n`
}

/** Reads a recording file's text. Throws when it is not one. */
export function parseRecording(text: string): Recording {
  return Recording.parse(JSON.parse(text))
}
