import type { AccessLogLine } from './access-log.ts'

/** Why a connection to an upstream did not come about. */
export type TransportFailure =
  'refused' | 'timed out' | 'unreachable' | 'certificate' | 'plain text' | 'alert' | 'TLS' | 'unknown'

/** What each comes to, as a clause, and what to look at. */
export const TRANSPORT_FAILURES: Readonly<Record<TransportFailure, { says: string; look: string }>> = {
  refused: {
    says: 'the connection was refused: nothing listens at that address and port',
    look: 'See what listens on that port in those pods, and whether they are still there',
  },
  'timed out': {
    says: 'the connection timed out: nobody answered at all, as behind a firewall, a NetworkPolicy, or at an address that is no more',
    look: 'See whether the caller reaches these addresses at all: NetworkPolicies, firewalls, nodes, and whether the pods are still there',
  },
  unreachable: {
    says: 'there is no way to the address',
    look: "See the routes between the caller's node and these addresses",
  },
  certificate: {
    says: "the caller's proxy does not accept the server's certificate",
    look: 'Compare the certificate that is shown there with what the DestinationRule expects (authority, subjectAltNames, expiry)',
  },
  'plain text': {
    says: "the caller's proxy speaks TLS to a port that answers in plain text",
    look: 'Make both ends agree: the TLS mode that the caller uses, and what the port takes',
  },
  alert: {
    says: 'the server ended the TLS handshake: it does not accept the certificate or the kind of TLS of the caller',
    look: 'See which client certificate and TLS version the server asks for',
  },
  TLS: {
    says: 'the TLS handshake failed',
    look: 'Make both ends agree on TLS; the transport failure names what they disagree on',
  },
  unknown: {
    says: 'the connection failed, and the log does not say how',
    look: 'Log `%UPSTREAM_TRANSPORT_FAILURE_REASON%` and `%RESPONSE_CODE_DETAILS%`, which say how it fails',
  },
}

const SIGNS: readonly [TransportFailure, RegExp][] = [
  ['certificate', /CERTIFICATE_VERIFY_FAILED|verify_cert|verify cert|SAN matcher/i],
  ['plain text', /WRONG_VERSION_NUMBER|HTTP_REQUEST\b/],
  ['alert', /(?:SSLV3|TLSV1)_ALERT|_ALERT_/],
  ['TLS', /TLS[_ ]error|SECRET|SSL_/i],
  ['timed out', /connection[_ ]timeout|timed[_ ]out/i],
  ['refused', /onnection[_ ]refused|:_?\s?111\b/],
  ['unreachable', /unreachable|no[_ ]route[_ ]to[_ ]host|:_?\s?113\b/i],
]

/** How a connection failed, by what the proxy logged of it; undefined for a request whose connection did not fail (no UF). */
export function transportFailure({
  flags,
  failure = '',
  details = '',
}: Pick<AccessLogLine, 'flags' | 'failure' | 'details'>): TransportFailure | undefined {
  if (!flags.includes('UF')) return undefined
  const text = `${failure} ${details}`
  return SIGNS.find(([, sign]) => sign.test(text))?.[0] ?? 'unknown'
}
