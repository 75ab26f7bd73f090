import { applied, parseManifest } from '../fixes/manifest.ts'
import type { ClusterWriter } from '../fixes/cluster-writer.ts'
import { telemetryFor, telemetryName } from '../fixes/lent-telemetry.ts'
import { writableKind } from '../fixes/writable-kinds.ts'
import { RESOURCES } from '../evidence/collectors/objects.ts'
import { UnseenError, type Clients, type Resource, type Where } from '../evidence/clients/clients.ts'
import { replayClients, type Recording } from '../evidence/clients/recording.ts'
import { latestChange, selects, type KubernetesObject, type Labels } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { defined } from '../mesh/defined.ts'

/** Milliseconds that proxies take for a change, in a recording. */
const TAKEN_AFTER = 1000

/** A mesh of two recordings, before and after it was mended: a change that is written makes it the one, its undoing the other. */
export interface RecordedMesh {
  clients: Clients
  writer: ClusterWriter
  /** Log levels that were set, by pod and logger; for tests. */
  levels: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** Becomes another mesh, as it was before it was mended. */
  become(recordings: Recordings): void
}

/** The same mesh before and after it was mended. */
export interface Recordings {
  ill: Recording
  mended: Recording
}

/** Envoy's loggers, as `istioctl proxy-config log` lists them: those that were recorded, with what was set since. */
class RecordedLevels {
  readonly byPod = new Map<string, Map<string, string>>()

  set(pod: string, levels: Readonly<Record<string, string>>): void {
    const known = this.byPod.get(pod) ?? new Map<string, string>()
    for (const [logger, level] of Object.entries(levels)) known.set(logger, level)
    this.byPod.set(pod, known)
  }

  /** What istioctl would print now. */
  text(pod: string, recorded: string): string {
    const set = this.byPod.get(pod)
    return set === undefined
      ? recorded
      : recorded.replace(
          /^( {2})([\w-]+): (\w+)$/gm,
          (_line, indent: string, logger: string, level: string) => `${indent}${logger}: ${set.get(logger) ?? level}`,
        )
  }
}

/** Telemetry objects that leases have made since. */
class LentTelemetries {
  private readonly byName = new Map<string, KubernetesObject>()
  private made = 0

  /** @returns its UID */
  make(object: KubernetesObject): string {
    const known = this.byName.get(object.metadata.name)?.metadata.uid
    if (known !== undefined) return known
    this.made += 1
    const uid = `lent-${this.made}`
    this.byName.set(object.metadata.name, { ...object, metadata: { ...object.metadata, uid } })
    return uid
  }

  remove(lease: string): void {
    this.byName.delete(telemetryName(lease))
  }

  list({ namespace, fields }: Where): KubernetesObject[] {
    return [...this.byName.values()].filter(
      ({ metadata }) =>
        (namespace === undefined || metadata.namespace === namespace) &&
        (fields === undefined || fields === `metadata.name=${metadata.name}`),
    )
  }

  /** True for a pod, `NAME.NAMESPACE`, that one of them selects. */
  areOf(pod: string, recording: Recording): boolean {
    const at = pod.lastIndexOf('.')
    const [name, namespace] = [pod.slice(0, at), pod.slice(at + 1)]
    const lent = this.list({ namespace })
    if (lent.length === 0) return false
    const [object] = pickedFrom(recording, RESOURCES.pods, { namespace, fields: `metadata.name=${name}` }) ?? []
    return lent.some(({ spec }) =>
      selects((spec as { selector: { matchLabels: Labels } }).selector.matchLabels, object?.metadata.labels),
    )
  }

  clear(): void {
    this.byName.clear()
  }
}

/** When the objects of a recording last changed, and the proxies had it: requests after that show what it did. */
function mendedAt({ calls }: Recording): Date {
  const istio = calls
    .filter(({ call }) => /^kubernetes list \w+\.\w+\.(networking|security)\.istio\.io /.test(call))
    .flatMap(({ json }) => (json ?? []) as KubernetesObject[])
  return new Date(latestChange(istio) + TAKEN_AFTER)
}

/**
 * Objects of a namespace or a name, and all pods, picked from all lists of their resource in a recording: leases ask for single pods, which no
 * diagnosis lists.
 * Undefined for any other question, and where the resource was never listed.
 */
function pickedFrom(
  { calls }: Recording,
  { plural, version, group }: Resource,
  { namespace, labels, fields }: Where,
): KubernetesObject[] | undefined {
  const [, name] = /^metadata\.name=([^,]+)$/.exec(fields ?? '') ?? []
  // All pods: `/mesh status` asks for them.
  const all = plural === 'pods' && namespace === undefined && fields === undefined
  if (
    labels !== undefined ||
    (fields !== undefined && name === undefined) ||
    (namespace === undefined && name === undefined && !all)
  )
    return undefined
  const list = `kubernetes list ${plural}.${version}${group === '' ? '' : `.${group}`} `
  const lists = calls.filter(({ call, json }) => call.startsWith(list) && Array.isArray(json))
  const asked = all ? `${list}-A` : `${list}-n ${namespace ?? ''}`
  if (lists.length === 0 || (name === undefined && lists.some(({ call }) => call === asked))) return undefined
  const objects = lists
    .flatMap(({ json }) => json as KubernetesObject[])
    .filter(
      ({ metadata }) =>
        (name === undefined || metadata.name === name) && (namespace === undefined || metadata.namespace === namespace),
    )
  return structuredClone([
    ...new Map(
      objects.map((object) => [`${object.metadata.namespace ?? ''}/${object.metadata.name}`, object]),
    ).values(),
  ])
}

/**
 * Plays a mesh that can be mended. Objects are those of the recordings; a dry run answers what an apply would make of them; any change that is
 * written counts as the one that mends.
 * @param delay milliseconds before each answer
 * @param selfTest what the self-test reads, which no diagnosis does
 */
export function recordedMesh({
  delay = 0,
  selfTest,
  ...recordings
}: Recordings & { delay?: number; selfTest?: Recording }): RecordedMesh {
  const replayed = ({ ill, mended }: Recordings) => ({
    ill,
    mended,
    before: replayClients(ill, { delay }),
    after: { ...replayClients(mended, { delay }), now: () => mendedAt(mended) },
  })
  let mesh = replayed(recordings)
  let now: Clients = mesh.before
  const levels = new RecordedLevels()
  const lent = new LentTelemetries()
  const tested = selfTest === undefined ? undefined : replayClients(selfTest, { delay })
  const recording = (): Recording => (now === mesh.before ? mesh.ill : mesh.mended)
  const clients: Clients = {
    kubernetes: {
      list: async (resource, where, signal) => [
        ...(pickedFrom(recording(), resource, where) ?? (await now.kubernetes.list(resource, where, signal))),
        ...(resource.plural === RESOURCES.telemetries.plural ? lent.list(where) : []),
      ],
      // Nothing was logged in a recording after it was made.
      log: async (pod, container, tailLines, signal, window) =>
        window !== undefined && window.sinceTime > recording().madeAt
          ? ''
          : now.kubernetes.log(pod, container, tailLines, signal, window),
      allowed: (...args) => (tested ?? now).kubernetes.allowed(...args),
      version: (...args) => (tested ?? now).kubernetes.version(...args),
    },
    istioctl: {
      async run(args, signal) {
        const [first, second, pod = ''] = args
        if (first === 'analyze' && args.some((one) => one.endsWith('.yaml')))
          return mesh.after.istioctl.run(
            args.filter((one) => !one.endsWith('.yaml')),
            signal,
          )
        // Access logs that a lease turned on are those of the mesh where they are on.
        const isLogging = first === 'proxy-config' && second === 'listeners' && lent.areOf(pod, recording())
        const asked = first === 'version' ? tested : isLogging ? mesh.after : undefined
        const text = await (asked ?? now).istioctl.run(args, signal)
        return first === 'proxy-config' && second === 'log' ? levels.text(pod, text) : text
      },
    },
    ...(mesh.before.prometheus !== undefined && {
      prometheus: {
        query: (expression: string, signal: AbortSignal) => {
          if (mesh.before.prometheus === undefined) throw new UnseenError('unavailable', 'no Prometheus was recorded')
          return mesh.before.prometheus.query(expression, signal)
        },
      },
    }),
    now: () => now.now(),
  }
  const landed = new Set<string>()
  const noPackets = (): Promise<never> =>
    Promise.reject(new UnseenError('unavailable', 'this is a recording: no packets can be captured'))
  const writer: ClusterWriter = {
    refusesCapture: noPackets,
    startCapture: noPackets,
    capturePackets: noPackets,
    endCapture: noPackets,
    read: (ref, apiVersion, signal) => found(now, ref, apiVersion, signal),
    async rehearse(write, _as, { signal }) {
      if (write.verb === 'delete') return undefined
      const object = await found(now, write.ref, write.apiVersion, signal)
      const manifest = parseManifest(write.manifest)
      return (object === undefined ? manifest : applied(object, manifest)) as KubernetesObject
    },
    async write(permit, index, signal) {
      const write = permit.writes[index]
      if (write === undefined) throw new RangeError(`there is no write ${index}`)
      now = permit.undoes === true ? mesh.before : mesh.after
      const made = `${permit.change} ${permit.undoes === true ? 'undo' : 'apply'} ${index}`
      const fresh = !landed.has(made)
      landed.add(made)
      const object = await found(now, write.ref, write.apiVersion, signal)
      return { fresh, ...defined({ object }) }
    },
    turnOnAccessLog: ({ lease }, _workload, wanted) => Promise.resolve(lent.make(telemetryFor(lease, wanted))),
    turnOffAccessLog({ lease }) {
      lent.remove(lease)
      return Promise.resolve()
    },
    setLogLevels(_permit, { name, namespace = '' }, wanted) {
      levels.set(`${name}.${namespace}`, wanted)
      return Promise.resolve()
    },
    setZtunnelLevels: (_permit, { name }) =>
      Promise.reject(new UnseenError('unavailable', `${name} is a recording: its log levels cannot be set`)),
  }
  return {
    clients,
    writer,
    levels: levels.byPod,
    become(others) {
      mesh = replayed(others)
      now = mesh.before
      levels.byPod.clear()
      lent.clear()
    },
  }
}

/** One object, wherever the recording lists its kind. */
async function found(
  clients: Clients,
  ref: Ref,
  apiVersion: string,
  signal: AbortSignal,
): Promise<KubernetesObject | undefined> {
  const kind = writableKind(ref.kind, apiVersion)
  if (kind === undefined) return undefined
  const resource = { group: kind.group, version: kind.version, plural: kind.plural, kind: kind.kind }
  for (const where of [{}, ...(ref.namespace === undefined ? [] : [{ namespace: ref.namespace }])]) {
    try {
      const objects = await clients.kubernetes.list(resource, where, signal)
      return objects.find(({ metadata }) => metadata.name === ref.name && metadata.namespace === ref.namespace)
    } catch (error) {
      if (!(error instanceof UnseenError)) throw error
    }
  }
  return undefined
}
