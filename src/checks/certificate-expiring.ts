import { isIstiod } from '../mesh/pods.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import { authenticationRefusal } from '../mesh/istiod-log.ts'
import type { Pod } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { sameRef } from '../mesh/ref.ts'
import type { Certificate } from '../mesh/secrets.ts'
import { periodOf, validityOf } from '../mesh/secrets.ts'
import type { Target } from '../mesh/target.ts'
import type { Args, Found, Proof } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { lastRefusal } from './istiod-refusals.ts'
import { ownerOf, podScope } from './facts/owners.ts'
import { lastReadinessChange, observed, presentOf } from './facts/traffic-of.ts'

/** A certificate of the mesh itself has run out, or will soon: a workload's own, one that signs them, or a root that all trust. */
export const certificateExpiring = defineCheck({
  name: 'certificate-expiring',
  about: 'every certificate of mutual TLS is valid, and is renewed in time',
  needs: ['secrets', 'pods'],
  confirms: ['access-log', 'istiod-log', 'replica-sets'],
  problems: {
    MESH0505: {
      severity: 'error',
      title: 'workload certificate expired',
      explains: ['MESH0401', 'MESH0403', 'MESH0404'],
      says: 'The certificate of {pods} is valid only {validity} ({reason}): new connections of mutual TLS to them and from them are refused',
      remedy:
        'Remove what keeps the sidecar from renewing its certificate (its service account, its path to istiod, or istiod itself); then restart {subject}.',
    },
    MESH0512: {
      severity: 'warning',
      title: 'workload certificate not renewed',
      says: 'The certificate of {pods} expires at {until} and should have been renewed before now ({reason})',
      remedy:
        'Remove what keeps the sidecar from renewing its certificate (its service account, its path to istiod, or istiod itself): it retries by itself.',
    },
    MESH0513: {
      severity: 'error',
      title: "mesh authority's certificate expired",
      explains: ['MESH0401', 'MESH0403', 'MESH0404'],
      says: 'The {role} certificate behind those of {pods} is valid only {validity}: nothing that it signed is trusted',
      remedy:
        'Put a new {role} certificate into the Secret that istiod signs with (cacerts), restart {subject}, then the workloads one after the other.',
    },
    MESH0514: {
      severity: 'warning',
      title: "mesh authority's certificate expires soon",
      says: 'The {role} certificate behind those of {pods} expires at {until}',
      remedy:
        'Renew it in the Secret that istiod signs with (cacerts); add a new root next to the old one first, so that both are trusted before anything is signed with it.',
    },
  },
  run(evidence, target) {
    const uses = evidence.seen('secrets').flatMap((reading) => usesIn(reading, evidence))
    const troubled = uses.filter(({ validity }) => validity !== 'valid')
    const groups = Map.groupBy(troubled, ({ role, certificate, pod }) =>
      role === 'workload' ? JSON.stringify(ownerOf(pod, evidence)) : certificate.serial,
    )
    return [...groups.values()].map((group) => found(group as [Use, ...Use[]], evidence, target))
  },
})

type Role = 'workload' | 'intermediate' | 'root'
const ARTICLE: Readonly<Record<Role, string>> = { workload: 'a', intermediate: 'an', root: 'a' }

/** One certificate in the chain that a proxy presents. */
interface Use {
  reading: Seen<'secrets'>
  pod: Pod
  role: Role
  certificate: Certificate
  validity: ReturnType<typeof validityOf>
}

/** The chain of a proxy's own certificate, and of the roots those that a chain ends in: another in the bundle waits for its turn, or has had it. */
function usesIn(reading: Seen<'secrets'>, evidence: Evidence): Use[] {
  const pod = evidence.objects('pods').find((one) => reading.of !== undefined && sameRef(refOf(one), reading.of))
  const chain = certificatesOf(reading, 'default')
  if (pod === undefined || chain.length === 0) return []
  const roots = certificatesOf(reading, 'ROOTCA').filter(({ serial, subject }) =>
    chain.some((one) => one.serial === serial || one.issuer === subject),
  )
  const signers = chain.slice(1).filter(({ serial }) => !roots.some((root) => root.serial === serial))
  const use =
    (role: Role) =>
    (certificate: Certificate): Use => ({
      reading,
      pod,
      role,
      certificate,
      validity: validityOf(certificate, Date.parse(reading.at)),
    })
  return [...chain.slice(0, 1).map(use('workload')), ...signers.map(use('intermediate')), ...roots.map(use('root'))]
}

const certificatesOf = ({ value }: Seen<'secrets'>, name: string): Certificate[] =>
  value.find((one) => one.name === name && one.status === 'ACTIVE')?.certificates ?? []

function found(group: readonly [Use, ...Use[]], evidence: Evidence, target: Target): Found {
  const [first, ...rest] = group
  const { role, certificate, validity, pod } = first
  const isSoon = validity === 'expiring'
  const refusal = role === 'workload' ? refusalOf(group, evidence) : undefined
  const subject: Ref = role === 'workload' ? ownerOf(pod, evidence) : authority(evidence)
  const own: [Proof, ...Proof[]] = [proofOf(first), ...rest.map(proofOf)]
  const traffic = isSoon ? [] : refused(first, evidence, target)
  const args: Args = {
    role,
    pods: group.map((use) => use.pod.metadata.name),
    until: certificate.notAfter,
    validity: periodOf(certificate),
    ...(role === 'workload' && { reason: refusal?.reason ?? 'why is in the log of its sidecar' }),
  }
  return {
    code: CODES[role === 'workload' ? 'workload' : 'authority'][isSoon ? 'soon' : 'over'],
    standing: standingOf({ live: own, observed: traffic }),
    subject,
    args,
    because: [...own, ...(refusal === undefined ? [] : [refusal.proof]), ...traffic],
    scope: [...target.hosts, ...group.map((use) => podScope(use.pod))],
  }
}

function proofOf({ reading, pod, role, certificate }: Use): Proof {
  const { subject, names, serial } = certificate
  return proof(
    reading,
    `${pod.metadata.name} has ${ARTICLE[role]} ${role} certificate that is valid ${periodOf(certificate)}`,
    [subject, ...names, `serial ${serial}`].filter((line) => line !== '').join('\n'),
  )
}

const CODES = {
  workload: { soon: 'MESH0512', over: 'MESH0505' },
  authority: { soon: 'MESH0514', over: 'MESH0513' },
} as const

/** Where istiod runs: it holds what signs. */
function authority(evidence: Evidence): Ref {
  const pod = evidence.objects('pods').find(isIstiod)
  return pod === undefined ? { kind: 'Deployment', namespace: 'istio-system', name: 'istiod' } : ownerOf(pod, evidence)
}

/** What istiod said last when one of these proxies asked it to sign. */
const refusalOf = (group: readonly Use[], evidence: Evidence): { reason: string; proof: Proof } | undefined =>
  lastRefusal(
    evidence,
    authenticationRefusal,
    ({ address }) => group.some(({ pod }) => pod.status?.podIP === address),
    { says: 'signed no new one' },
  )

/** Connections that a caller's proxy gave up as the certificate is not valid (any more), in the words of BoringSSL. */
function refused({ reading, certificate }: Use, evidence: Evidence, target: Target): Proof[] {
  const now = Date.parse(reading.at)
  const ranOut = Date.parse(certificate.notAfter)
  const moment = Math.max(now - presentOf(target), ranOut < now ? ranOut : 0, lastReadinessChange(evidence, target))
  return observed(
    evidence,
    target.hosts,
    moment,
    'failed on a certificate that is not valid',
    ({ failure = '', details = '' }) => NOT_VALID.test(`${failure} ${details}`),
  )
}
const NOT_VALID = /certificate[_ ](?:has[_ ]expired|is[_ ]not[_ ]yet[_ ]valid)|SSLV3_ALERT_CERTIFICATE_EXPIRED/i
