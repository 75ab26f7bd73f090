import type { KubernetesObject } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'
import { defined } from '../../mesh/defined.ts'
import type { Clients, Resource } from './clients.ts'
import { UnseenError } from './clients.ts'
import type { KialiApp, KialiObjects } from '../kiali.ts'
import type { LogFound } from './log-search.ts'
import {
  accessCall,
  CHANGED,
  changedCall,
  istioctlCall,
  KIALI,
  kialiCall,
  listCall,
  logCall,
  RANGE,
  rangeCall,
  SEARCHED,
  searchCall,
  SERVED_CALL,
} from './recorded-calls.ts'
import type { Call, Recording } from './recording-format.ts'
import { stopwatch, type Stopwatch } from './timing.ts'

/** What of a proxy is read without a process. */
const PROXY_PARTS: ReadonlySet<string> = new Set(['listeners', 'routes', 'clusters', 'endpoints'])

export interface ReplayOptions {
  /** Milliseconds that pass before each answer. */
  delay?: number
  /** True to hand out what the recording holds itself, and no copies: of a recording that cannot be changed, or that nobody else reads. */
  shared?: boolean
}

/** Answers in the order in which they were recorded; the last one stays. */
class InOrder<T> {
  private readonly answers = new Map<string, T[]>()

  constructor(all: readonly T[], nameOf: (one: T) => string) {
    for (const one of all) {
      const known = this.answers.get(nameOf(one))
      if (known === undefined) this.answers.set(nameOf(one), [one])
      else known.push(one)
    }
  }

  next(name: string): T | undefined {
    const answers = this.answers.get(name)
    return answers !== undefined && answers.length > 1 ? answers.shift() : answers?.[0]
  }
}

/** The times of a recording; those of the replay itself for what was not timed. */
function timesOf({ looks = [] }: Recording, now: () => Date): Stopwatch {
  const known = new InOrder(looks, ({ look }) => look)
  const unknown = stopwatch(now)
  return (what) => {
    const ended = unknown(what)
    const look = known.next(what)
    return (late) => look ?? ended(late)
  }
}

/** Clients that answer from a recording and know no cluster; what was never asked is unavailable. */
export function replayClients(recording: Recording, { delay = 0, shared = false }: ReplayOptions = {}): Clients {
  const handed = <T>(value: T): T => (shared ? value : structuredClone(value))
  const calls = new InOrder(recording.calls, ({ call }) => call)
  const holds = (begin: string): boolean => recording.calls.some(({ call }) => call.startsWith(begin))
  const now = (): Date => new Date(recording.madeAt)
  async function answer(name: string, signal: AbortSignal): Promise<Call> {
    const call = calls.next(name)
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay))
    signal.throwIfAborted()
    if (call === undefined) throw new UnseenError('unavailable', `the recording does not hold: ${name}`)
    if (call.failed !== undefined)
      throw new UnseenError(call.failed.reason, call.failed.detail, { permission: call.failed.permission })
    return call
  }
  return {
    kubernetes: {
      list: async (resource, where, signal) =>
        handed((await answer(listCall(resource, where), signal)).json) as KubernetesObject[],
      ...(holds(SERVED_CALL) && {
        served: async (_: readonly string[], signal: AbortSignal) =>
          handed((await answer(SERVED_CALL, signal)).json) as Resource[],
      }),
      log: async (pod, container, tailLines, signal, window) =>
        (await answer(logCall(pod, container, tailLines, window), signal)).text ?? '',
      ...(recording.calls.some(({ call }) => call.endsWith(SEARCHED)) && {
        search: async (pod: Ref, container: string, _: unknown, signal: AbortSignal) => {
          const { json, text = '' } = await answer(searchCall(pod, container), signal)
          return { ...(json as Omit<LogFound, 'text'>), text }
        },
      }),
      allowed: async (permission, signal) => (await answer(accessCall(permission), signal)).json === true,
      version: async (signal) => (await answer('kubernetes version', signal)).text ?? '',
    },
    istioctl: {
      run: async (args, signal) => {
        const { json, text } = await answer(istioctlCall(args), signal)
        return json === undefined ? (text ?? '') : JSON.stringify(json)
      },
      ...(shared && {
        read: (args: readonly string[], signal: AbortSignal) =>
          args[0] === 'proxy-config' && PROXY_PARTS.has(args[1] ?? '')
            ? answer(istioctlCall(args), signal).then(({ json, text }) =>
                json === undefined ? (JSON.parse(text ?? '') as unknown) : json,
              )
            : undefined,
      }),
      ...(holds(CHANGED) && {
        changedAt: (pod: Ref) => {
          const at = calls.next(changedCall(pod))?.json
          return typeof at === 'string' ? new Date(at) : undefined
        },
      }),
    },
    ...(holds('prometheus ') && {
      prometheus: {
        query: async (expression: string, signal: AbortSignal) =>
          handed((await answer(`prometheus ${expression}`, signal)).json) as {
            metric: Record<string, string>
            value: number
          }[],
        ...(holds(RANGE) && {
          range: async (expression: string, { step }: { step: number }, signal: AbortSignal) =>
            handed((await answer(rangeCall(expression, step), signal)).json) as {
              metric: Record<string, string>
              points: { at: number; value: number }[]
            }[],
        }),
      },
    }),
    ...(holds(KIALI) && {
      kiali: {
        validations: async (namespace: string, signal: AbortSignal) =>
          handed((await answer(kialiCall('validations', namespace), signal)).json) as KialiObjects,
        health: async (namespace: string, signal: AbortSignal) =>
          handed((await answer(kialiCall('health', namespace), signal)).json) as KialiApp[],
      },
    }),
    ...defined({ context: recording.context }),
    now,
    ...(recording.looks !== undefined && { timing: timesOf(recording, now) }),
  }
}
