import { defined } from '../../mesh/defined.ts'
import { listeningIn } from '../../mesh/listening.ts'
import type { KubernetesObject } from '../../mesh/objects.ts'
import { formatRef, type Ref } from '../../mesh/ref.ts'
import type { Permission } from '../reading.ts'
import { redact, REDACTED } from '../redaction.ts'
import type { LogWindow, Resource, Where } from './clients.ts'

/** The call that tells which kinds are served. */
export const SERVED_CALL = 'kubernetes served'

/** The name of a list. */
export const listCall = (resource: Resource, { namespace, labels, fields }: Where): string =>
  [
    'kubernetes list',
    `${resource.plural}.${resource.version}${resource.group === '' ? '' : `.${resource.group}`}`,
    namespace === undefined ? '-A' : `-n ${namespace}`,
    ...(labels === undefined ? [] : [`-l ${labels}`]),
    ...(fields === undefined ? [] : [`--field-selector ${fields}`]),
  ].join(' ')

/** The name of the end of a log. */
export const logCall = (pod: Ref, container: string, tailLines: number, window: LogWindow | undefined): string =>
  `kubernetes log ${formatRef(pod)} ${container} ${tailLines}${window === undefined ? '' : ` since ${window.sinceTime}`}`

/** The name of a question for a right. */
export const accessCall = ({ verb, group, resource, namespace, name }: Permission): string =>
  `kubernetes can ${verb} ${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : ` ${name}`} ${namespace === undefined ? '-A' : `-n ${namespace}`}`

/** The name of a command of istioctl. */
export const istioctlCall = (args: readonly string[]): string => `istioctl ${args.join(' ')}`

/** Begins the names of the moments at which proxies last took configuration. */
export const CHANGED = 'proxy changed '
export const changedCall = (pod: Ref): string => `${CHANGED}${formatRef(pod)}`

/** Containers of Istio's own: what they log, and what is in their environment, tells of the mesh. */
const OF_ISTIO: ReadonlySet<string> = new Set([
  'istio-proxy',
  'istio-init',
  'istio-validation',
  'discovery',
  'install-cni',
])

interface Container {
  name?: string
  env?: { name?: string; value?: string }[]
}
interface PodSpec {
  containers?: Container[]
  initContainers?: Container[]
  template?: { spec?: PodSpec }
}

/** A container without the values in an application's environment, which are passwords as often as not. */
const withoutEnvironment = (container: Container): Container =>
  container.env === undefined || OF_ISTIO.has(container.name ?? '')
    ? container
    : {
        ...container,
        env: container.env.map((one) => (one.value === undefined ? one : { ...one, value: REDACTED })),
      }

/** The spec of a pod, or of what makes pods. */
const withoutEnvironments = (spec: PodSpec): PodSpec => ({
  ...spec,
  ...(Array.isArray(spec.containers) && { containers: spec.containers.map(withoutEnvironment) }),
  ...(Array.isArray(spec.initContainers) && { initContainers: spec.initContainers.map(withoutEnvironment) }),
  ...(spec.template?.spec !== undefined && {
    template: { ...spec.template, spec: withoutEnvironments(spec.template.spec) },
  }),
})

/** Kinds whose specs hold containers. */
const WITH_CONTAINERS: ReadonlySet<string> = new Set(['Pod', 'Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'])

/**
 * An object without the bulk no check reads (the field sets of managedFields, kubectl's copy of the manifest, what a GatewayClass supports), and without what
 * is nobody's business: what a Secret holds, and the environment of applications.
 */
function slim(object: KubernetesObject): KubernetesObject {
  const { 'kubectl.kubernetes.io/last-applied-configuration': _, ...annotations } = object.metadata.annotations ?? {}
  const managedFields = object.metadata.managedFields?.map(({ manager, operation, subresource, time }) => ({
    ...defined({ manager, operation, subresource, time }),
  }))
  const { supportedFeatures: __, ...status } = (object.status ?? {}) as Record<string, unknown>
  const { spec } = object as { spec?: PodSpec }
  const kept = {
    ...object,
    ...(object.status !== undefined && { status }),
    ...(spec !== undefined && WITH_CONTAINERS.has(object.kind) && { spec: withoutEnvironments(spec) }),
    metadata: {
      ...object.metadata,
      ...(object.metadata.annotations !== undefined && { annotations }),
      ...defined({ managedFields }),
    },
  }
  if (object.kind !== 'Secret') return kept
  const { data: ___, stringData: ____, ...rest } = kept as typeof kept & { data?: unknown; stringData?: unknown }
  return rest
}

/** JSON as it is kept. */
export const keptJson = (value: unknown): unknown => JSON.parse(redact(JSON.stringify(value)))

/** Objects as they are kept. */
export const keptObjects = (objects: readonly KubernetesObject[]): unknown => keptJson(objects.map(slim))

/** A log as it is kept: of an application's, the lines that say where it listens. */
export const keptLog = (container: string, text: string): string =>
  redact(
    OF_ISTIO.has(container)
      ? text
      : text
          .split('\n')
          .filter((line) => listeningIn(line).length > 0)
          .join('\n'),
  )

/** Parses one JSON document; undefined when the text is not exactly that. */
export function asJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? value : undefined
  } catch {
    return undefined
  }
}
