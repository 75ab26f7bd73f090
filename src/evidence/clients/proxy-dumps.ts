import type { Ref } from '../../mesh/ref.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { ProxyDump } from '../proxy-dump.ts'
import { DUMP_PATHS, parseProxyDump } from '../proxy-dump.ts'
import type { Istioctl } from './clients.ts'
import type { PodAnswer } from './port-forward.ts'
import { NoTunnelError } from './port-forward.ts'

/** Asks one port of a pod for several paths. */
type AskPod = (pod: Ref, port: number, paths: readonly string[], signal: AbortSignal) => Promise<PodAnswer[]>

/** The port of Envoy's admin interface. */
const ADMIN = 15000
/** Milliseconds for which a look answers those who ask for its other parts. */
const KEPT = 2000

type Kind = Exclude<keyof ProxyDump, 'changedAt'>
const KINDS: readonly string[] = ['listeners', 'routes', 'clusters', 'endpoints', 'secret'] satisfies Kind[]

interface Look {
  dump: Promise<ProxyDump>
  served: Set<Kind>
}

/**
 * The same istioctl, whose `proxy-config` commands are answered by one look into the proxy for all of them: its admin interface is asked through the
 * API server, as istioctl does, without a process for each. Where no such tunnel may be opened istioctl is run, which has other ways.
 */
export function withProxyDumps(istioctl: Istioctl, askPod: AskPod, now = (at: number) => new Date(at)): Istioctl {
  const looks = new Map<string, Look>()
  const changes = new Map<string, Date>()
  const running = new Map<string, Promise<unknown>>()

  /** One process a proxy: the five of them take one place among what is under way. */
  function inTurn<T>(key: string, run: () => Promise<T>): Promise<T> {
    const result = (running.get(key) ?? Promise.resolve()).then(run, run)
    running.set(key, result)
    const done = (): void => {
      if (running.get(key) === result) running.delete(key)
    }
    result.then(done, done)
    return result
  }

  function lookInto(pod: Ref, kind: Kind, signal: AbortSignal): Promise<ProxyDump> {
    const key = formatRef(pod)
    const known = looks.get(key)
    // Whoever asks for the same again wants to know how it is now.
    if (known !== undefined && !known.served.has(kind)) {
      known.served.add(kind)
      return known.dump
    }
    const dump = askPod(pod, ADMIN, DUMP_PATHS, signal).then(async (answers) => {
      const answeredAt = Date.now()
      const parsed = await parseProxyDump(answers.map(({ text }) => text))
      const age = ageOf(parsed.changedAt, answers[0]?.date)
      if (age !== undefined) changes.set(key, now(answeredAt - age))
      return parsed
    })
    const look: Look = { dump, served: new Set([kind]) }
    looks.set(key, look)
    const forget = (): void => {
      if (looks.get(key) === look) looks.delete(key)
    }
    dump.then(() => setTimeout(forget, KEPT).unref(), forget)
    return dump
  }

  return {
    run: (args, signal) => istioctl.run(args, signal),
    read(args, signal) {
      const [command, kind = '', name = '', ...rest] = args
      if (command !== 'proxy-config' || !isKind(kind) || rest.join(' ') !== '-o json') return undefined
      const dot = name.lastIndexOf('.')
      const pod: Ref = { kind: 'Pod', namespace: name.slice(dot + 1), name: name.slice(0, dot) }
      return lookInto(pod, kind, signal).then(
        (dump) => dump[kind],
        async (error: unknown) => {
          if (!(error instanceof NoTunnelError)) throw error
          const text = await inTurn(formatRef(pod), () => istioctl.run(args, signal))
          return kind === 'secret' && text.startsWith('No ') ? {} : (JSON.parse(text) as unknown)
        },
      )
    },
    changedAt: (pod) => changes.get(formatRef(pod)),
  }
}

/** Milliseconds since a proxy's change, both moments by the proxy's own clock. Answers know seconds: it may be up to one longer ago. */
const ageOf = (changedAt: string | undefined, date: string | undefined): number | undefined =>
  changedAt === undefined || date === undefined ? undefined : Math.max(0, Date.parse(date) - Date.parse(changedAt))

const isKind = (word: string): word is Kind => KINDS.includes(word)
