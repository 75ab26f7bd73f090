import { defined } from '../../mesh/defined.ts'
import { listeningIn } from '../../mesh/listening.ts'
import type { KubernetesObject } from '../../mesh/objects.ts'
import { formatRef, type Ref } from '../../mesh/ref.ts'
import type { Permission } from '../reading.ts'
import { redact, REDACTED } from '../redaction.ts'
import { withoutNamedValues } from '../redaction/named-values.ts'
import { OF_ISTIO, withoutApplications } from '../redaction/objects.ts'
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

/** The beginning of the name of a query over a time. */
export const RANGE = 'prometheus range '
/** The name of a query over a time; which time it is is the same in a replay. */
export const rangeCall = (expression: string, step: number): string => `${RANGE}${step}s ${expression}`

/** Begins the names of what Kiali was asked. */
export const KIALI = 'kiali '
/** The name of a question to Kiali about a namespace. */
export const kialiCall = (what: 'validations' | 'health', namespace: string): string => `${KIALI}${what} ${namespace}`

/** The end of the name of what matters of a log. */
export const SEARCHED = ' searched'
/** The name of what matters of a log; when it begins is the same in a replay. */
export const searchCall = (pod: Ref, container: string): string =>
  `kubernetes log ${formatRef(pod)} ${container}${SEARCHED}`

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

/**
 * An object without the bulk no check reads (the field sets of managedFields, kubectl's copy of the manifest, what a GatewayClass supports), and without what
 * is nobody's business.
 */
function slim(whole: KubernetesObject): KubernetesObject {
  const object = withoutApplications(whole, REDACTED)
  const managedFields = object.metadata.managedFields?.map(({ manager, operation, subresource, time }) => ({
    ...defined({ manager, operation, subresource, time }),
  }))
  const { supportedFeatures: __, ...status } = (object.status ?? {}) as Record<string, unknown>
  return {
    ...object,
    ...(object.status !== undefined && { status }),
    metadata: { ...object.metadata, ...defined({ managedFields }) },
  }
}

/** JSON as it is kept. */
export const keptJson = (value: unknown): unknown =>
  JSON.parse(redact(JSON.stringify(withoutNamedValues(value, REDACTED))))

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
