import type { Finding } from '../../checks/check.ts'
import { ownerOf } from '../../checks/facts/owners.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { nearestNames } from '../../mesh/names.ts'
import type { Pod, Service, ServicePort } from '../../mesh/objects.ts'
import { selects } from '../../mesh/objects.ts'
import { containerPort, hasEnded } from '../../mesh/pods.ts'
import { formatRef, sameRef, type Ref } from '../../mesh/ref.ts'
import type { Target } from '../../mesh/target.ts'
import { listArg, textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import type { Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'
import { undoText } from '../drafting/undo-text.ts'
import { inWords } from '../drafting/words.ts'

/** Lets a Service's port lead to a port that its pods declare. */
export const correctTargetPort = defineFix({
  act: 'correct-target-port',
  about: "points a Service's port to a port that its pods have",
  codes: ['MESH0307', 'MESH0309', 'MESH0405'],
  propose(finding, evidence, target) {
    const { code } = finding
    const subject = code === 'MESH0309' ? serviceOf(finding, evidence, target) : finding.subject
    const service =
      subject?.kind === 'Service' ? evidence.object('services', subject.namespace ?? '', subject.name) : undefined
    const port = service === undefined ? undefined : portAtIssue(finding, service, evidence)
    if (subject === undefined || service === undefined || port === undefined) return []
    const declared = listArg(finding, TOLD_BY[code] ?? '').filter((one) => isPort(one, code))
    const near = code === 'MESH0307' ? nearestNames(String(port.targetPort), declared) : []
    const candidates = near.length > 0 ? near : declared
    const was = String(port.targetPort ?? port.port)
    if (candidates.length === 0)
      return {
        people: `The pods of ${formatRef(subject)} declare no port, so it is not known where the application listens. Its owner knows, and port ${port.port} of the Service must lead there.`,
      }
    return candidates.map((candidate): Proposal => {
      const targetPort = /^\d+$/.test(candidate) ? Number(candidate) : candidate
      const write = applyTo(service, {
        spec: { ports: [{ port: port.port, protocol: port.protocol ?? 'TCP', targetPort }] },
      })
      return {
        act: 'correct-target-port',
        for: code,
        title: `Point port ${port.port} of ${subject.name} to ${candidate}`,
        why: `Port ${port.port} of ${formatRef(subject)} leads to ${was}, ${code === 'MESH0307' ? 'a name that no container port has' : 'where nothing listens'}; its pods ${code === 'MESH0309' ? 'listen on' : 'declare'} ${inWords(declared)}.`,
        effect: `All requests to ${subject.name}:${port.port}, from inside and outside the mesh, go to port ${candidate} of its pods.`,
        risk: {
          level: candidates.length === 1 ? 'low' : 'medium',
          says:
            code === 'MESH0309'
              ? 'Only requests that fail today are affected; if the application was meant to listen on the old port, fix the application instead.'
              : 'What a pod declares is not always what its application does: the proof after the change shows it.',
        },
        undo: undoText([write]),
        writes: [write],
        ...(candidates.length > 1 && { choice: `port ${candidate}` }),
      }
    })
  },
})

/** The fact of a finding that says where the pods listen. */
const TOLD_BY: Readonly<Record<string, string>> = { MESH0307: 'names', MESH0309: 'listens', MESH0405: 'declared' }

/** The target's Service whose pods are all of the workload at issue: others may listen where it says. */
function serviceOf({ subject }: Finding, evidence: Evidence, target: Target): Ref | undefined {
  return target.services.find(({ namespace = '', name }) => {
    const pods = podsBehind(evidence.object('services', namespace, name), evidence)
    return pods.length > 0 && pods.every((pod) => sameRef(ownerOf(pod, evidence), subject))
  })
}

const podsBehind = (service: Service | undefined, evidence: Evidence): Pod[] =>
  evidence
    .objects('pods')
    .filter(
      (pod) =>
        pod.metadata.namespace === service?.metadata.namespace &&
        selects(service?.spec?.selector, pod.metadata.labels) &&
        !hasEnded(pod) &&
        pod.metadata.deletionTimestamp === undefined,
    )

/** The port of the Service that the finding speaks of: given by its own number, or by the one it leads to. */
function portAtIssue(finding: Finding, service: Service, evidence: Evidence): ServicePort | undefined {
  const said = textArg(finding, 'port')
  const ports = service.spec?.ports ?? []
  if (finding.code === 'MESH0307') return ports.find(({ port }) => String(port) === said)
  const [pod] = podsBehind(service, evidence)
  return ports.find(
    ({ port, targetPort = port }) =>
      String(targetPort) === said || (pod !== undefined && String(containerPort(pod, targetPort)) === said),
  )
}

const isPort = (text: string, code: string): boolean =>
  code === 'MESH0307' ? /^[a-z0-9-]+$/.test(text) && /[a-z]/.test(text) && text.length <= 15 : /^\d+$/.test(text)
