import type { Duplex } from 'node:stream'
import type { KubernetesObject } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'
import type { BlindReason, Permission } from '../reading.ts'
import type { KialiApp, KialiObjects } from '../kiali.ts'
import type { LogFound, LogSearch } from './log-search.ts'
import type { Stopwatch } from './timing.ts'

/** Why something could not be seen. Collectors turn it into a Blind reading. */
export class UnseenError extends Error {
  readonly code = 'unseen'
  readonly reason: BlindReason
  readonly permission: Permission | undefined
  constructor(
    reason: BlindReason,
    detail: string,
    options: { cause?: unknown; permission?: Permission | undefined } = {},
  ) {
    super(detail, { cause: options.cause })
    this.reason = reason
    this.permission = options.permission
  }
}

/** A kind of object the API server serves: `{group: 'networking.istio.io', version: 'v1', plural: 'virtualservices', kind: 'VirtualService'}`. */
export interface Resource {
  /** '' for the core group. */
  group: string
  version: string
  plural: string
  kind: string
  /** Read in the version that the API server prefers among those it serves; `version` stands for it in names, and where discovery is refused. */
  anyVersion?: boolean
}

/** Which objects of a resource: everywhere when no namespace is given. */
export interface Where {
  namespace?: string | undefined
  /** Label selector, as kubectl's `-l`. */
  labels?: string | undefined
  /** Field selector, as kubectl's `--field-selector`. */
  fields?: string | undefined
}

/** A part of a log. */
export interface LogWindow {
  /** ISO time; the API server knows seconds. */
  sinceTime: string
  /** Where the text is cut off. */
  limitBytes: number
}

/** Reads the API server. Every method throws UnseenError when it can't. */
export interface Kubernetes {
  /** All objects; `[]` when the API server doesn't serve the resource (its CRD is not installed). */
  list(resource: Resource, where: Where, signal: AbortSignal): Promise<KubernetesObject[]>
  /** The resources of some API groups that the API server serves and can list; absent where it cannot be asked, as in a recording of before. */
  served?(groups: readonly string[], signal: AbortSignal): Promise<Resource[]>
  /** The last lines of one container's log; of those since a moment, when there is one. */
  log(pod: Ref, container: string, tailLines: number, signal: AbortSignal, window?: LogWindow): Promise<string>
  /** What matters of one container's log since a moment; absent where it cannot be asked, as in a recording of before. */
  search?(pod: Ref, container: string, search: LogSearch, signal: AbortSignal): Promise<LogFound>
  /** Whether the identity in use may do something (SelfSubjectAccessReview). */
  allowed(permission: Permission, signal: AbortSignal): Promise<boolean>
  /** The API server's version, `v1.34.4`. */
  version(signal: AbortSignal): Promise<string>
}

/** Runs istioctl; throws UnseenError when it can't be run, times out or fails. */
export interface Istioctl {
  /** Arguments without the program's name and without connection flags; answers standard output. */
  run(args: readonly string[], signal: AbortSignal): Promise<string>
  /** What `run` prints as JSON, of a command whose answer is had without a process; undefined for every other command. */
  read?(args: readonly string[], signal: AbortSignal): Promise<unknown> | undefined
  /** When what a proxy runs with last changed, at the last look into it, by the clock of `Clients.now`; undefined when that is not known. */
  changedAt?(pod: Ref): Date | undefined
}

/** Asks Prometheus. */
export interface Prometheus {
  /** An instant query; the result vector. */
  query(expression: string, signal: AbortSignal): Promise<{ metric: Record<string, string>; value: number }[]>
  /** A query over a time; the result matrix, its points in order. Absent where it cannot be asked, as in a recording of before. */
  range?(
    expression: string,
    /** ISO times, and seconds between two points. */
    over: { from: string; to: string; step: number },
    signal: AbortSignal,
  ): Promise<{ metric: Record<string, string>; points: { at: number; value: number }[] }[]>
  /** Alerting and recording rules. Absent where they cannot be asked for. */
  rules?(signal: AbortSignal): Promise<{ name: string; query: string; labels: Record<string, string> }[]>
}

/** Asks Kiali. */
export interface Kiali {
  /** What it holds against the objects of a namespace. */
  validations(namespace: string, signal: AbortSignal): Promise<KialiObjects>
  /** The health of the namespace's applications. */
  health(namespace: string, signal: AbortSignal): Promise<KialiApp[]>
}

/** Opens a connection to one port of a pod through the API server. @throws {UnseenError} when it is refused */
export type PortForward = (pod: Ref, port: number, signal: AbortSignal) => Promise<Duplex>

/** Every way this project looks at a mesh. The recorder and the replay stand behind the same interface. */
export interface Clients {
  kubernetes: Kubernetes
  istioctl: Istioctl
  /** Absent when no PROMETHEUS_URL is configured. */
  prometheus?: Prometheus
  /** Absent when no KIALI_URL is configured. */
  kiali?: Kiali
  /** Absent where there is no cluster to send anything to: in a replay. */
  portForward?: PortForward
  /** The kubeconfig's context when it is not the current one: commands shown to a person then name it. */
  context?: string
  /**
   * What time it is where the mesh is: by the API server's clock, or when a recording was made. With the machine's time of a moment that is over
   * (milliseconds since the epoch): what time it was then. Asked after the look, as an answer of the API server tells its clock.
   */
  now(machineTime?: number): Date
  /** Times the looks; absent where `now` and the machine's clock do. */
  timing?: Stopwatch
}
