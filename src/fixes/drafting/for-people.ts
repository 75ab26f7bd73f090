import type { Code, Finding } from '../../checks/check.ts'
import { fill } from '../../checks/check.ts'
import { CHECKS } from '../../checks/index.ts'
import { formatRef } from '../../mesh/ref.ts'
import { listArg, textArg } from './finding-args.ts'

type Says = (finding: Finding, subject: string) => string

/** What findings that no fix mends ask of people: who decides, and what. */
const ADVICE: Readonly<Record<Code, Says>> = {
  MESH0101: (_finding, subject) =>
    `Whoever owns ${subject} decides whether to define the subsets, or to route without them.`,
  MESH0104: (finding, subject) =>
    `${textArg(finding, 'host')} has no port that is clearly the intended one. Whoever owns ${subject} decides which.`,
  MESH0105: (finding, subject) =>
    `Whoever owns Gateway ${textArg(finding, 'gateway')} decides whether it opens ${textArg(finding, 'hosts')} for ${subject}.`,
  MESH0107: (finding, subject) =>
    `${subject} has ${textArg(finding, 'routes')} routes and its gateway's server speaks ${textArg(finding, 'protocols')}. Its owner and the gateway's decide where TLS ends; a program should not guess that.`,
  MESH0108: (finding, subject) =>
    `The owners of ${subject} and ${textArg(finding, 'other')} decide which of them answers these requests.`,
  MESH0113: (finding, subject) =>
    `Whoever owns ${subject} decides whether callers in namespace ${textArg(finding, 'caller')} may use its subsets: it is hidden from them (${textArg(finding, 'reason')}).`,
  MESH0114: (finding, subject) =>
    `None of the ports of ${textArg(finding, 'host')} is declared with the protocol that is routed. Whoever owns ${subject} decides which of ${textArg(finding, 'ports')} is meant.`,
  MESH0115: (finding) =>
    `Those responsible for egress decide whether the mesh may reach ${textArg(finding, 'external')}. If it may, a ServiceEntry for it fixes this.`,
  MESH0117: (finding, subject) =>
    `Whoever owns ${subject} decides whether callers in namespace ${textArg(finding, 'caller')} may reach it.`,
  MESH0120: (_finding, subject) =>
    `${subject} makes callers speak TLS, and what listens there does not answer it. Whoever owns it decides: give the application a certificate, or remove the rule's TLS mode.`,
  MESH0301: (finding, subject) =>
    `The application exits by itself (exit code ${textArg(finding, 'exitCode')}). Its developers have to find out why: kubectl logs -n ${textArg(finding, 'namespace')} ${textArg(finding, 'pod')} -c ${textArg(finding, 'container')} --previous. If it began with a release, whoever rolls out ${subject} can roll back to the previous one.`,
  MESH0302: (finding, subject) =>
    `The application says it is not ready (${textArg(finding, 'reason')}). Whoever owns ${subject} decides whether the application or its readiness probe is wrong.`,
  MESH0304: (_finding, subject) =>
    `Somebody scaled ${subject} to zero. Ask whether that was intended; scaling it up is up to its owner, or its autoscaler.`,
  MESH0305: (finding, subject) =>
    `The pods do not start (${textArg(finding, 'reason')}). Whoever rolls out ${subject} has to correct what it needs: an image, a volume, a resource request that no node can meet.`,
  MESH0306: (finding, subject) =>
    `Whoever owns ${subject} has to look at ${textArg(finding, 'pod')} (${textArg(finding, 'reason')}).`,
  MESH0309: (finding, subject) =>
    `The application of ${subject} listens on ${textArg(finding, 'listens')} and requests go to ${textArg(finding, 'port')}. Whoever owns it decides which of the two is correct.`,
  MESH0310: (finding, subject) =>
    `The application of ${subject} listens on localhost only. Its developers have to make it listen on all addresses at port ${textArg(finding, 'port')}; until then nothing in the mesh can reach it.`,
  MESH0401: (finding, subject) =>
    `What makes requests to ${subject} fail is not known: nothing that was read shows the reason (${[textArg(finding, 'code'), ...listArg(finding, 'flags').filter((flag) => flag !== '-')].join(' ')}: ${textArg(finding, 'meaning')}). Look at the application's log at the times shown.`,
  MESH0402: (finding, subject) =>
    `The application itself answers ${textArg(finding, 'code')}, and the mesh only forwards it. Its developers have to find the reason: kubectl logs -n ${textArg(finding, 'namespace')} ${textArg(finding, 'pod')}. If it began with a release, whoever rolls out ${subject} can roll back to the previous one.`,
  MESH0403: (_finding, subject) => `${subject} alone fails. Whoever runs it decides whether to take it out of service.`,
  MESH0433: (_finding, subject) =>
    `${subject} alone is slow. Whoever runs it decides whether to take it out of service.`,
  MESH0405: (finding, subject) =>
    `Nothing listens at port ${textArg(finding, 'port')} of the pods. The application's owner knows where it listens, and ${subject} must lead there.`,
}

/** For findings of these hundreds somebody's policy is at stake, whatever the code. */
const BY_FIELD: readonly [RegExp, Says][] = [
  [
    /^MESH05/,
    (_finding, subject) => `${subject} is a security matter: the people responsible for it decide, not a program.`,
  ],
  [
    /^MESH06/,
    (_finding, subject) => `Whoever owns ${subject} decides what the gateway opens, and with which certificate.`,
  ],
  [/^MESH09/, () => "Whoever runs the mesh's control plane has to fix it."],
]

/** Who decides what about a finding that no fix mends. Where nothing special is known of its code, its own remedy, which is then for people. */
export function adviceFor(finding: Finding): string {
  const subject = formatRef(finding.subject)
  const says = (ADVICE as Partial<Record<Code, Says>>)[finding.code]
  if (says !== undefined) return says(finding, subject)
  const [, field] = BY_FIELD.find(([one]) => one.test(finding.code)) ?? []
  const remedy = CHECKS.find(({ name }) => name === finding.check)?.problems[finding.code]?.remedy ?? ''
  return `${field?.(finding, subject) ?? `Whoever owns ${subject} decides.`} What would fix it: ${fill(remedy, subject, finding.args)}`
}
