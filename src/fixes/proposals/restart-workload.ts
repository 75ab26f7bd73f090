import type { Finding } from '../../checks/check.ts'
import { ownerOf } from '../../checks/facts/owners.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Workload } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'
import { formatRef } from '../../mesh/ref.ts'
import { textArg } from '../drafting/finding-args.ts'
import { isBare, whyBare } from '../drafting/injection.ts'
import type { ForPeople } from '../proposal.ts'
import { defineFix } from '../proposal.ts'
import { momentOf, podsOfWorkload, restarting, rollsByItself, workloadAt } from '../drafting/workloads.ts'

const PROXY_CONFIG = 'proxy.istio.io/config'
const PROXY_IMAGE = 'sidecar.istio.io/proxyImage'

/** Replaces the pods of a workload when new ones will not have what ails these: a proxy that hangs, one of an old version, none at all. */
export const restartWorkload = defineFix({
  act: 'restart-workload',
  about: 'restarts a workload whose proxies hang, are not connected, are old, or were never injected',
  codes: ['MESH0202', 'MESH0203', 'MESH0204', 'MESH0502', 'MESH0701', 'MESH0702'],
  propose(finding, evidence) {
    const owner = ownerOfSubject(finding.subject, evidence)
    const workload = owner === undefined ? undefined : workloadAt(owner, evidence)
    if (owner === undefined || workload === undefined) return []
    if (!rollsByItself(workload))
      return {
        people: `${formatRef(owner)} does not replace its pods automatically (it is paused, or its strategy is OnDelete): its owner decides when to roll it out.`,
      }
    const kept = keptBy(finding, workload)
    if (kept !== undefined) return kept
    const why = reasonFor(finding, owner, evidence)
    if (why === undefined) return []
    const several = podsOfWorkload(owner, evidence).length > 1
    return [
      {
        act: 'restart-workload',
        for: finding.code,
        title: `Restart ${owner.name}`,
        why,
        effect: `Every pod of ${owner.name} is replaced, according to its rollout strategy.`,
        risk: {
          level: 'low',
          says: several
            ? 'Requests in progress at a terminating pod may fail if the application does not finish them.'
            : `${owner.name} has one pod: requests may fail until the new one is ready if its strategy terminates the old one first.`,
        },
        undo: 'A restart cannot be undone; the pod template stays as it is.',
        writes: [restarting(workload, momentOf(finding))],
      },
    ]
  },
})

function ownerOfSubject(subject: Ref, evidence: Evidence): Ref | undefined {
  if (subject.kind !== 'Pod') return subject
  const pod = evidence.object('pods', subject.namespace ?? '', subject.name)
  return pod === undefined ? undefined : ownerOf(pod, evidence)
}

function reasonFor(finding: Finding, owner: Ref, evidence: Evidence): string | undefined {
  const { code } = finding
  if (code === 'MESH0202')
    return `A proxy of ${owner.name} does not acknowledge what istiod sends; a new one starts with the newest configuration.`
  if (code === 'MESH0203')
    return `istiod knows no proxy of ${textArg(finding, 'pods')}; a new one connects again, unless the reason that kept this one disconnected persists.`
  if (code === 'MESH0204')
    return `The proxies of ${owner.name} are of another version than istiod; new pods get the version that istiod injects now.`
  const bare = podsOfWorkload(owner, evidence).filter(isBare)
  if (bare.length === 0 || !bare.every((pod) => whyBare(pod, evidence) === 'made before')) return undefined
  return `Sidecar injection is enabled, and the pods of ${owner.name} were created before that or while the injection webhook did not answer; new ones get it.`
}

/** What new pods would have again, because their template or istiod gives it to them; undefined when a restart helps. */
function keptBy(finding: Finding, workload: Workload): ForPeople | undefined {
  if (finding.code === 'MESH0203') return misledOf(workload)
  if (finding.code !== 'MESH0204') return undefined
  const [version, istiod] = [textArg(finding, 'version'), textArg(finding, 'istiod')]
  if (version.localeCompare(istiod, 'en', { numeric: true }) > 0)
    return {
      people: `The proxies of ${workload.metadata.name} (${version}) are newer than istiod (${istiod}): the control plane's operators have to upgrade istiod; a restart would downgrade the proxies.`,
    }
  const annotations = workload.spec?.template?.metadata?.annotations ?? {}
  const by =
    annotations[PROXY_IMAGE] !== undefined
      ? PROXY_IMAGE
      : annotations[PROXY_CONFIG]?.includes('ISTIO_META_ISTIO_VERSION') === true
        ? PROXY_CONFIG
        : undefined
  return by === undefined
    ? undefined
    : {
        people: `The template of ${workload.metadata.name} says which proxy its pods have (annotation ${by}): whoever set it has to remove it. A restart alone would not help.`,
      }
}

/** A template that names an istiod of its own: new pods would look for it there too. */
function misledOf({ spec, metadata: { name } }: Workload): ForPeople | undefined {
  const address = /discoveryAddress["']?:\s*["']?([^\s"',}]+)/.exec(
    spec?.template?.metadata?.annotations?.[PROXY_CONFIG] ?? '',
  )?.[1]
  return address === undefined
    ? undefined
    : {
        people: `The template of ${name} sends its proxies to istiod at ${address} (annotation ${PROXY_CONFIG}), and they cannot reach it: whoever set it has to correct or remove the address. A restart alone would not help.`,
      }
}
