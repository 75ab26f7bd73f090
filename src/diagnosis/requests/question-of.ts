import { servicesInFront } from '../../checks/facts/owners.ts'
import { portOf } from '../../mesh/address.ts'
import { type Request } from '../../checks/facts/requests-to.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { defined } from '../../mesh/defined.ts'
import type { Pod } from '../../mesh/objects.ts'
import { containerPort } from '../../mesh/pods.ts'
import type { Target } from '../../mesh/target.ts'
import { withAskedQuery } from './asked-query.ts'
import type { FollowQuestion } from '../follow/question.ts'
import { FollowSyntaxError, parseFollow } from '../follow/question.ts'

/** The port of the Services in front of a pod that leads to one of its own ports. */
function askedPort(pod: Pod, own: number, evidence: Evidence): number | undefined {
  return servicesInFront(pod, evidence)
    .flatMap(({ spec }) => spec?.ports ?? [])
    .find(({ port, targetPort }) => containerPort(pod, targetPort ?? port) === own)?.port
}

/** The question a logged request was; undefined when its host or path is none that could be asked. */
export function questionOf(
  { entry }: Request,
  pod: Pod | undefined,
  isGateway: boolean,
  target: Target,
  evidence: Evidence,
): FollowQuestion | undefined {
  const [, authority = '', typed] = /^(.*?)(?::(\d+))?$/.exec(entry.authority ?? '') ?? []
  const local = portOf(entry.downstreamLocal)
  // A connection without HTTP goes to the Service whose address it asked for.
  const host =
    authority === ''
      ? entry.serverName !== undefined && target.hosts.includes(entry.serverName)
        ? entry.serverName
        : (target.hosts.find((one) => !one.includes('*')) ?? '')
      : authority
  const port = isGateway
    ? local !== undefined && pod !== undefined
      ? askedPort(pod, local, evidence)
      : undefined
    : typed !== undefined
      ? Number(typed)
      : local
  const path = entry.path?.startsWith('/') === true ? withAskedQuery(evidence, target)(entry.path) : '/'
  try {
    const tls = authority === '' && entry.serverName !== undefined && !isGateway && pod !== undefined
    return {
      ...parseFollow(`${tls ? 'https://' : ''}${host}${port === undefined ? '' : `:${port}`}${path}`, {
        ...defined({ method: entry.method }),
        ...(isGateway
          ? { from: 'ingress' }
          : pod === undefined
            ? {}
            : { from: `pod/${pod.metadata.name}`, namespace: pod.metadata.namespace }),
      }),
      moreHeaders: true,
    }
  } catch (error) {
    if (error instanceof FollowSyntaxError) return undefined
    throw error
  }
}
