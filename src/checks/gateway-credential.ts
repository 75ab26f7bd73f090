import type { Evidence } from '../evidence/evidence.ts'
import type { CredentialRefusal } from '../mesh/istiod-log.ts'
import { credentialRefusal } from '../mesh/istiod-log.ts'
import type { Gateway, GatewayServer, Pod } from '../mesh/objects.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import { hostsOf, podsOfGateway, serversTaking } from '../mesh/routing.ts'
import type { ProxySecret } from '../mesh/secrets.ts'
import { firstInvalid, periodOf } from '../mesh/secrets.ts'
import type { Target } from '../mesh/target.ts'
import type { Code, Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { lastRefusal } from './istiod-refusals.ts'
import { gatewaysFor, virtualServicesFor } from './facts/proxies-of.ts'

/** The certificate that a Gateway names cannot be had by its proxy, or is not valid any more: no TLS connection to its hosts comes about. */
export const gatewayCredential = defineCheck({
  name: 'gateway-credential',
  about: 'every certificate that a Gateway names is there and valid',
  needs: ['gateways', 'virtual-services', 'pods'],
  confirms: ['secrets', 'istiod-log'],
  problems: {
    MESH0603: {
      severity: 'error',
      title: 'gateway certificate missing',
      explains: ['MESH0401', 'MESH0404'],
      covers: ['IST0101 Referenced credentialName not found', 'IST0161'],
      says: 'The proxy of {subject} cannot get the certificate {credential} ({reason}), so port {port} does not serve {hosts}',
      remedy:
        "Create the Secret {credential} in namespace {namespace}, of type kubernetes.io/tls, and allow the gateway's service account to read Secrets there; or correct the name in {subject}.",
    },
    MESH0604: {
      severity: 'error',
      title: 'gateway certificate expired',
      explains: ['MESH0401', 'MESH0404'],
      covers: ['IST0161'],
      says: 'The certificate {credential} of {subject} is valid only {validity}, so callers of {hosts} at port {port} refuse the connection',
      remedy:
        'Renew the certificate in Secret {credential} in namespace {namespace}; the proxy picks up the new one by itself.',
    },
  },
  run(evidence, target) {
    return gatewaysFor(evidence, target).flatMap((gateway) =>
      credentialsOf(gateway, evidence, target).flatMap((use) => judge(use, evidence, target)),
    )
  },
})

/** A certificate that servers of a Gateway name for hosts of the target. */
interface Use {
  gateway: Gateway
  credential: string
  servers: GatewayServer[]
  hosts: string[]
  pods: Pod[]
}

function credentialsOf(gateway: Gateway, evidence: Evidence, target: Target): Use[] {
  const bound = virtualServicesFor(evidence, target)
  const servers = [...new Set(bound.flatMap((one) => serversTaking(gateway, one)))].filter(
    ({ tls }) => tls?.credentialName !== undefined,
  )
  return [...Map.groupBy(servers, ({ tls }) => tls?.credentialName ?? '')].map(([credential, own]) => ({
    gateway,
    credential,
    servers: own,
    pods: podsOfGateway(gateway, evidence.objects('pods')),
    hosts: [
      ...new Set(
        bound.filter((one) => serversTaking(gateway, one).some((server) => own.includes(server))).flatMap(hostsOf),
      ),
    ],
  }))
}

/** `kubernetes://NAME` in the proxy's own namespace, or `kubernetes-gateway://NAMESPACE/NAME` of a Gateway API gateway. */
const isOf = (secret: ProxySecret, credential: string): boolean =>
  secret.name === `kubernetes://${credential}` || secret.name.endsWith(`-gateway://${credential}`)

function judge(use: Use, evidence: Evidence, target: Target): Found[] {
  const readings = evidence
    .seen('secrets')
    .filter(({ of }) =>
      use.pods.some(({ metadata }) => metadata.name === of?.name && metadata.namespace === of.namespace),
    )
  const states = readings.flatMap((reading) =>
    reading.value.filter((secret) => isOf(secret, use.credential)).map((secret) => ({ reading, secret })),
  )
  const missing = states.filter(({ secret }) => secret.status !== 'ACTIVE')
  if (missing.length > 0) {
    const why = reasonFor(use, evidence)
    const because = missing.map(({ reading, secret }) =>
      proof(
        reading,
        `${reading.of?.name ?? 'the gateway'} waits for ${secret.name} (${secret.status}), and with it for the listener that needs it`,
      ),
    )
    return [
      found(
        'MESH0603',
        use,
        [...because, ...(why === undefined ? [] : [why.proof])],
        { reason: why?.reason ?? 'istiod has sent none' },
        target,
      ),
    ]
  }
  const invalid = states.flatMap(({ reading, secret }) => {
    const certificate = firstInvalid(secret.certificates, reading.at)
    return certificate === undefined ? [] : [{ reading, secret, certificate }]
  })
  const [first] = invalid
  if (first === undefined) return []
  const because = invalid.map(({ reading, secret, certificate }) =>
    proof(
      reading,
      `${reading.of?.name ?? 'the gateway'} has ${secret.name}, which is valid only ${periodOf(certificate)}`,
    ),
  )
  return [found('MESH0604', use, because, { validity: periodOf(first.certificate) }, target)]
}

/** What istiod said when one of the proxies asked for it, since the Gateway was last changed. */
function reasonFor(
  { gateway, credential, pods }: Use,
  evidence: Evidence,
): { reason: string; proof: Proof } | undefined {
  const isMeant = (one: CredentialRefusal): boolean =>
    one.credential === credential &&
    (one.proxy === undefined ||
      pods.some(({ metadata }) => one.proxy === `${metadata.name}.${metadata.namespace ?? ''}`))
  return lastRefusal(evidence, credentialRefusal, isMeant, {
    says: 'could not give it',
    moment: latestChange([gateway]),
  })
}

function found(
  code: Code,
  { gateway, credential, servers, hosts, pods }: Use,
  because: Proof[],
  args: Record<string, string>,
  target: Target,
): Found {
  const subject = refOf(gateway)
  const ports = [...new Set(servers.map(({ port }) => String(port?.number ?? '')))]
  const [first, ...rest] = because
  return {
    code,
    standing: 'live',
    subject,
    args: { credential, hosts, port: ports, namespace: pods[0]?.metadata.namespace ?? '', ...args },
    because: [
      first ?? { kind: 'gateways', source: '', at: '', says: `${formatRef(subject)} names ${credential}` },
      ...rest,
    ],
    scope: [...hosts, ...target.hosts],
  }
}
