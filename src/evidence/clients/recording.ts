import type { Ref } from '../../mesh/ref.ts'
import { defined } from '../../mesh/defined.ts'
import { redact, withoutSecrets } from '../redaction.ts'
import type { Clients } from './clients.ts'
import { UnseenError } from './clients.ts'
import {
  accessCall,
  asJson,
  changedCall,
  istioctlCall,
  keptJson,
  keptLog,
  keptObjects,
  kialiCall,
  listCall,
  logCall,
  rangeCall,
  searchCall,
  SERVED_CALL,
} from './recorded-calls.ts'
import { FORMAT, FORMAT_VERSION, type Asked, type Call, type Recording as Kept } from './recording-format.ts'
import { timed, type Timing } from './timing.ts'

export { formatRecording, parseRecording, Recording } from './recording-format.ts'
export { replayClients, type ReplayOptions } from './replay.ts'

/** What a recording says of how it was made. */
export interface RecordOptions {
  /** The version of mesh-medic. */
  madeBy?: string | undefined
  asked?: Asked | undefined
}

/** A call that was made; `undefined` until it is answered. */
interface Slot {
  call: string
  answer?: Omit<Call, 'call'>
}

/** Of a call that is under way when the recording is written: its look is kept as late. */
const UNANSWERED: Omit<Call, 'call'> = { failed: { reason: 'timeout', detail: 'not answered in time' } }

/**
 * Clients that pass everything on to others and keep what came back, redacted; failures too. `recording` always is what was kept so far.
 */
export function recordClients(
  clients: Clients,
  { madeBy, asked }: RecordOptions = {},
): { clients: Clients; recording: Kept } {
  const began = Date.now()
  const head = {
    format: FORMAT,
    version: FORMAT_VERSION,
    ...defined({ madeBy, asked, context: clients.context }),
  } as const
  let madeAt = clients.now(began).toISOString()
  const slots: Slot[] = []
  const looks: ({ look: string } & Timing)[] = []
  async function keep<T>(call: string, ask: () => Promise<T>, kept: (answer: T) => Omit<Call, 'call'>): Promise<T> {
    const slot: Slot = { call }
    slots.push(slot)
    const forget = (): void => {
      slots.splice(slots.indexOf(slot), 1)
    }
    try {
      const answer = await ask()
      slot.answer = kept(answer)
      return answer
    } catch (error) {
      if (error instanceof UnseenError)
        slot.answer = {
          failed: { reason: error.reason, detail: redact(error.message), ...defined({ permission: error.permission }) },
        }
      else if (error instanceof SyntaxError)
        slot.answer = { failed: { reason: 'unparsable', detail: redact(error.message) } }
      else forget()
      throw error
    } finally {
      madeAt = clients.now(began).toISOString()
    }
  }

  const { kubernetes, istioctl, prometheus, kiali, portForward } = clients
  return {
    recording: {
      ...head,
      get madeAt() {
        return madeAt
      },
      get looks() {
        return looks.filter(({ at }) => at !== '')
      },
      get calls() {
        return slots.map(({ call, answer = UNANSWERED }): Call => ({ call, ...answer }))
      },
    },
    clients: {
      kubernetes: {
        list: (resource, where, signal) =>
          keep(
            listCall(resource, where),
            () => kubernetes.list(resource, where, signal),
            (items) => ({ json: keptObjects(items) }),
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
            (text) => ({ text: keptLog(container, text) }),
          ),
        ...(kubernetes.search !== undefined && {
          search: (...asked: Parameters<NonNullable<typeof kubernetes.search>>) =>
            keep(
              searchCall(asked[0], asked[1]),
              () => kubernetes.search?.(...asked) ?? Promise.reject(new TypeError('no search')),
              ({ text, ...found }) => ({ json: found, text: keptLog(asked[1], text) }),
            ),
        }),
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
            istioctlCall(args),
            () => istioctl.run(args, signal),
            (text) => {
              const json = asJson(text)
              return json === undefined ? { text: redact(text) } : { json: keptJson(json) }
            },
          ),
        // Kept as if it had been printed: a replay cannot tell.
        read: (args, signal) => {
          const read = istioctl.read?.(args, signal)
          return read === undefined
            ? undefined
            : keep(
                istioctlCall(args),
                () => read,
                (json) => ({ json: keptJson(json) }),
              )
        },
        ...(istioctl.changedAt !== undefined && {
          changedAt: (pod: Ref) => {
            const at = istioctl.changedAt?.(pod)
            slots.push({ call: changedCall(pod), answer: { json: at?.toISOString() ?? null } })
            return at
          },
        }),
      },
      ...(prometheus !== undefined && {
        prometheus: {
          query: (expression, signal) =>
            keep(
              `prometheus ${expression}`,
              () => prometheus.query(expression, signal),
              (json) => ({ json }),
            ),
          ...(prometheus.range !== undefined && {
            range: (...asked: Parameters<NonNullable<typeof prometheus.range>>) =>
              keep(
                rangeCall(asked[0], asked[1].step),
                () => prometheus.range?.(...asked) ?? Promise.reject(new TypeError('no range')),
                (json) => ({ json }),
              ),
          }),
        },
      }),
      ...(kiali !== undefined && {
        kiali: {
          validations: (namespace, signal) =>
            keep(
              kialiCall('validations', namespace),
              () => kiali.validations(namespace, signal),
              (json) => ({ json: withoutSecrets(json) }),
            ),
          health: (namespace, signal) =>
            keep(
              kialiCall('health', namespace),
              () => kiali.health(namespace, signal),
              (json) => ({ json: withoutSecrets(json) }),
            ),
        },
      }),
      ...defined({ portForward, context: clients.context }),
      now: (machineTime) => clients.now(machineTime),
      timing: (what) => {
        const ended = timed(clients, what)
        const look = { look: what, at: '', until: '', milliseconds: 0 }
        looks.push(look)
        return (late) => Object.assign(look, ended(late))
      },
    },
  }
}
