import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import { randomUUID } from 'node:crypto'
import type { Evidence } from '../../evidence/evidence.ts'
import { redact } from '../../evidence/redaction.ts'
import { actsOn } from '../../mesh/authorization.ts'
import { defined } from '../../mesh/defined.ts'
import type { Pod } from '../../mesh/objects.ts'
import type { ProbeRequest } from '../../mesh/probe.ts'
import { isHidden } from '../../mesh/walk/hidden-text.ts'
import type { Target } from '../../mesh/target.ts'
import type { Trace } from '../follow/trace.ts'
import type { Followed } from '../requests/followed.ts'
import { routesWithoutRequest } from '../requests/made-classes.ts'
import { MOST_PROBED_CLASSES, type NotProbed } from './probing.ts'

/** A class that a probe is sent for. */
export interface ChosenClass {
  followed: Followed
  request: ProbeRequest
}

const isSafe = (method: string): method is 'GET' | 'HEAD' => method === 'GET' || method === 'HEAD'

/** True when a policy at the gateway asks where requests come from: a probe comes from the pod's own loopback. */
function asksForAddress(pod: Pod, evidence: Evidence): boolean {
  const isOfAddress = (key: string): boolean => key === 'source.ip' || key === 'remote.ip'
  return evidence
    .objects('authorization-policies')
    .filter((policy) => actsOn(policy, pod, rootNamespaceOf(evidence)))
    .flatMap(({ spec }) => spec?.rules ?? [])
    .some(
      ({ from = [], when = [] }) =>
        when.some(({ key }) => isOfAddress(key)) ||
        from.some(
          ({ source = {} }) =>
            (source.ipBlocks ?? source.notIpBlocks ?? source.remoteIpBlocks ?? source.notRemoteIpBlocks) !== undefined,
        ),
    )
}

/** Why the gateway's own listener keeps a probe from being like its callers' requests. */
function atListener({ walk: { listener, chain }, callerPod, sent, evidence }: Trace): string | undefined {
  const pod = callerPod.metadata.name
  if (listener === undefined) return `nothing in ${pod} listens on port ${sent.connection.port}`
  if ((listener.listener.listenerFilters ?? []).some(({ name = '' }) => name.includes('proxy_protocol')))
    return 'the gateway expects the PROXY protocol, which a probe does not speak'
  if (chain?.ending?.kind === 'tcp' || chain?.ending?.kind === 'unknown')
    return 'the gateway forwards it without reading it as HTTP'
  if (chain?.chain?.transportSocket?.typedConfig?.requireClientCertificate === true)
    return 'the gateway requires a client certificate, and a probe has none'
  if (asksForAddress(callerPod, evidence))
    return 'a policy at the gateway matches where requests come from, and a probe comes from elsewhere'
  return undefined
}

/** Why no probe is sent for a class; undefined when one may be. */
function whyNot({ requests: { caller, question, isNamed }, present, way }: Followed): string | undefined {
  if (caller?.kind !== 'ingress') return 'its caller is inside the mesh: only requests through a gateway are probed'
  if (!isSafe(question.method)) return `its method is ${question.method}: only GET and HEAD are sent`
  if (present.requests > 0) return `it needs none: ${present.requests} requests of it were seen`
  if (isHidden(question.path)) return 'its path is not known in full, so a different one would be requested'
  if (!isNamed) return 'no object names its host any more'
  if (way === undefined) return "the gateway's configuration was not read"
  return atListener(way.trace)
}

const RANK: Readonly<Record<Followed['outcome'], number>> = { fails: 0, unknown: 1, contradicted: 2, arrives: 3 }

function requestOf({ requests: { question }, way }: Followed): ProbeRequest | undefined {
  const { method } = question
  if (way === undefined || !isSafe(method)) return undefined
  const { caller, sent } = way.trace
  const { tls, port } = sent.connection
  return {
    id: randomUUID(),
    pod: caller.pod,
    port,
    method,
    authority: sent.request.authority,
    path: question.path,
    headers: Object.fromEntries([...question.headers].filter(([name]) => name !== 'host' && !name.startsWith(':'))),
    ...(tls !== undefined && { tls: defined({ sni: tls.sni }) }),
  }
}

/** The classes that a probe is sent for, those that fail first, and all others with why not. */
export function chooseClasses(
  followed: readonly Followed[],
  target: Target,
  evidence: Evidence,
): { chosen: ChosenClass[]; left: NotProbed[] } {
  const left: NotProbed[] = routesWithoutRequest(target, evidence)
  const chosen: ChosenClass[] = []
  for (const one of followed.toSorted((a, b) => RANK[a.outcome] - RANK[b.outcome])) {
    const { method, host, path } = one.requests.question
    const why = whyNot(one)
    const request = why === undefined ? requestOf(one) : undefined
    if (request !== undefined && chosen.length < MOST_PROBED_CLASSES) chosen.push({ followed: one, request })
    else
      left.push({
        method,
        host,
        path: redact(path),
        why: why ?? `one diagnosis probes ${MOST_PROBED_CLASSES} classes at most`,
      })
  }
  return { chosen, left }
}
