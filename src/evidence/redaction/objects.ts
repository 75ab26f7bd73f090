import type { KubernetesObject } from '../../mesh/objects.ts'

/** Containers of Istio's own: what is in their environment tells of the mesh. */
export const OF_ISTIO: ReadonlySet<string> = new Set([
  'istio-proxy',
  'istio-init',
  'istio-validation',
  'discovery',
  'install-cni',
])

/** What Istio itself sets in the environment of its containers. */
const OF_ISTIO_SETTING =
  /^(?:ISTIO|PILOT|ENABLE|PROXY|POD|CA|JWT|INSTANCE|HOST|SERVICE|GOMEMLIMIT|GOMAXPROCS|INJECT|VALIDATION|SHARED|LOCAL|EXTERNAL|OUTPUT|ENVOY|DNS|CNI|BOOTSTRAP|XDS|TRUST|CLUSTER|REVISION|PLATFORM|KUBECONFIG|TERMINATION|EXIT|MINIMUM|UNSAFE)(?:_[A-Z0-9_]*)?$/

interface Container {
  name?: string
  env?: unknown
  args?: unknown
  command?: unknown
}
type Annotations = Record<string, string>
interface PodSpec {
  containers?: unknown
  initContainers?: unknown
  template?: { metadata?: { annotations?: Annotations }; spec?: PodSpec }
}

/** Kinds whose specs hold containers. */
const WITH_CONTAINERS: ReadonlySet<string> = new Set(['Pod', 'Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'])
/** Annotations of Istio, of Kubernetes and of what owns objects: the mesh is told by them. */
const TELLS_OF_THE_MESH =
  /^(?:(?:[a-z0-9-]+\.)*(?:istio\.io|k8s\.io|kubernetes\.io|argoproj\.io|helm\.sh|fluxcd\.io|mesh-medic\.[a-z.]+)|mesh-medic)\//
const COPY = 'kubectl.kubernetes.io/last-applied-configuration'

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** A container without the values in an application's environment and the arguments of its program, which are passwords as often as not. */
function withoutSettings(container: unknown, put: string): unknown {
  if (!isObject(container)) return container
  const { name = '', env, args, command } = container as Container
  if (env === undefined && args === undefined && command === undefined) return container
  const ofIstio = OF_ISTIO.has(name)
  const withoutValue = (one: unknown): unknown =>
    isObject(one) && 'value' in one && !(ofIstio && 'name' in one && OF_ISTIO_SETTING.test(String(one.name)))
      ? { ...one, value: put }
      : one
  const withoutWord = (word: unknown): unknown => (typeof word === 'string' && word !== put ? put : word)
  return {
    ...container,
    ...(Array.isArray(env) && { env: env.map(withoutValue) }),
    ...(Array.isArray(args) && !ofIstio && { args: args.map(withoutWord) }),
    ...(Array.isArray(command) &&
      !ofIstio && {
        command: command.map((word: unknown, place) => (place === 0 ? word : withoutWord(word))),
      }),
  }
}

function withoutForeign(annotations: Annotations, put: string): Annotations {
  if (!Object.keys(annotations).some((name) => !TELLS_OF_THE_MESH.test(name) || name === COPY)) return annotations
  return Object.fromEntries(
    Object.entries(annotations).flatMap(([name, value]) =>
      name === COPY ? [] : [[name, TELLS_OF_THE_MESH.test(name) || value === '' ? value : put]],
    ),
  )
}

/** The spec of a pod, or of what makes pods. */
function withoutEnvironments(spec: PodSpec, put: string): PodSpec {
  const { containers, initContainers, template } = spec
  return {
    ...spec,
    ...(Array.isArray(containers) && { containers: containers.map((one) => withoutSettings(one, put)) }),
    ...(Array.isArray(initContainers) && { initContainers: initContainers.map((one) => withoutSettings(one, put)) }),
    ...(isObject(template) && {
      template: {
        ...template,
        ...(isObject(template.metadata) && {
          metadata: {
            ...template.metadata,
            ...(isObject(template.metadata.annotations) && {
              annotations: withoutForeign(template.metadata.annotations, put),
            }),
          },
        }),
        ...(isObject(template.spec) && { spec: withoutEnvironments(template.spec, put) }),
      },
    }),
  }
}

/**
 * An object without what is nobody's business: the environment and arguments of applications, annotations that neither Istio nor Kubernetes reads,
 * kubectl's copy of the manifest, what a Secret holds. Names stay. What a route or a policy says stays too, as changes are made of it.
 */
export function withoutApplications<T extends KubernetesObject>(object: T, put: string): T {
  const { annotations } = object.metadata
  const { spec } = object as { spec?: PodSpec }
  const kept = {
    ...object,
    ...(isObject(spec) && WITH_CONTAINERS.has(object.kind) && { spec: withoutEnvironments(spec, put) }),
    ...(isObject(annotations) && {
      metadata: { ...object.metadata, annotations: withoutForeign(annotations, put) },
    }),
  }
  if (object.kind !== 'Secret') return kept
  const { data: _, stringData: __, ...rest } = kept as typeof kept & { data?: unknown; stringData?: unknown }
  return rest as T
}
