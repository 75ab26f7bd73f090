import type { Finding } from '../../checks/check.ts'
import { nearestNames } from '../../mesh/names.ts'
import type { Service, ServicePort } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { listArg, textArg } from '../finding-args.ts'
import { applyTo } from '../manifest.ts'
import type { Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'
import { undoText } from '../undo-text.ts'
import { inWords } from '../words.ts'

/** Lets a Service's port lead to a port that its pods declare. */
export const correctTargetPort = defineFix({
  act: 'correct-target-port',
  about: "lets a Service's port lead to a port that its pods have",
  codes: ['MESH0307', 'MESH0405'],
  propose(finding, evidence) {
    const { subject, code } = finding
    const service = subject.kind === 'Service' ? evidence.object('services', subject.namespace ?? '', subject.name) : undefined
    const port = service === undefined ? undefined : portAtIssue(finding, service)
    if (service === undefined || port === undefined) return []
    const declared = listArg(finding, code === 'MESH0307' ? 'names' : 'declared').filter((one) => isPort(one, code))
    const near = code === 'MESH0307' ? nearestNames(String(port.targetPort), declared) : []
    const candidates = near.length > 0 ? near : declared
    const was = String(port.targetPort ?? port.port)
    if (candidates.length === 0) return { people: `The pods of ${formatRef(subject)} declare no port, so nothing tells where the application listens. Whoever owns it can say, and port ${port.port} of the Service must lead there.` }
    return candidates.map((candidate): Proposal => {
      const targetPort = /^\d+$/.test(candidate) ? Number(candidate) : candidate
      const write = applyTo(service, { spec: { ports: [{ port: port.port, protocol: port.protocol ?? 'TCP', targetPort }] } })
      return {
        act: 'correct-target-port', for: code, title: `Let port ${port.port} of ${subject.name} lead to ${candidate}`,
        why: `Port ${port.port} of ${formatRef(subject)} leads to ${was}, ${code === 'MESH0307' ? 'a name that no container port has' : 'where nothing listens'}; its pods declare ${inWords(declared)}.`,
        effect: `All requests to ${subject.name}:${port.port}, from inside and outside the mesh, go to port ${candidate} of its pods.`,
        risk: { level: candidates.length === 1 ? 'low' : 'medium', says: 'What a pod declares is not always what its application does: the proof afterwards tells.' },
        undo: undoText([write]), writes: [write], ...(candidates.length > 1 && { choice: `port ${candidate}` }),
      }
    })
  },
})

/** The port of the Service that the finding speaks of: given by its own number, or by the one it leads to. */
function portAtIssue(finding: Finding, { spec }: Service): ServicePort | undefined {
  const said = textArg(finding, 'port')
  return (spec?.ports ?? []).find((one) => (finding.code === 'MESH0307' ? String(one.port) === said : String(one.targetPort ?? one.port) === said))
}

const isPort = (text: string, code: string): boolean => (code === 'MESH0307' ? /^[a-z0-9-]+$/.test(text) && /[a-z]/.test(text) && text.length <= 15 : /^\d+$/.test(text))
