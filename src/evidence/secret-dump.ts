import type { DumpedSecret, SecretDump } from './answers.ts'
import { X509Certificate } from 'node:crypto'
import { inShape } from '../mesh/shape/answer.ts'
import type { Certificate, ProxySecret } from '../mesh/secrets.ts'

/**
 * Reads what `istioctl proxy-config secret POD -o json` prints: Envoy's admin.v3.SecretsConfigDump, in which Envoy itself has blotted out keys.
 *
 * @throws {SyntaxError} when it is not that
 */
export function parseSecretDump(text: string): ProxySecret[] {
  // A proxy without any is told in words.
  if (/^No (?:active or warming )?secrets/im.test(text)) return []
  return secretsIn(JSON.parse(text))
}

/** The same of the dump itself. @throws {SyntaxError} when it is none */
export function secretsIn(dump: unknown): ProxySecret[] {
  const { dynamicActiveSecrets = [], dynamicWarmingSecrets = [] } = inShape('secrets', dump as SecretDump)
  return [
    ...dynamicWarmingSecrets.map((one) => proxySecret(one, 'WARMING')),
    ...dynamicActiveSecrets.map((one) => proxySecret(one, 'ACTIVE')),
  ]
}

function proxySecret(
  { name = '', secret: { tlsCertificate, validationContext } = {} }: DumpedSecret,
  status: ProxySecret['status'],
): ProxySecret {
  const chain = tlsCertificate?.certificateChain?.inlineBytes
  const bundle = validationContext?.trustedCa?.inlineBytes
  return {
    name,
    status,
    ...(chain !== undefined ? { type: 'Cert Chain' as const } : bundle !== undefined ? { type: 'CA' as const } : {}),
    certificates: certificatesIn(chain ?? bundle ?? ''),
  }
}

/** The certificates of a PEM text in base64; what is no certificate is left out. */
function certificatesIn(base64: string): Certificate[] {
  const pem = Buffer.from(base64, 'base64').toString('utf8')
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)].flatMap(([text]) => {
    try {
      const { serialNumber, subject, issuer, subjectAltName = '', validFrom, validTo } = new X509Certificate(text)
      return [
        {
          serial: serialNumber.toLowerCase(),
          subject: oneLine(subject),
          issuer: oneLine(issuer),
          names: subjectAltName.split(', ').flatMap((one) => /^(?:URI|DNS):(.+)$/.exec(one)?.[1] ?? []),
          notBefore: new Date(validFrom).toISOString(),
          notAfter: new Date(validTo).toISOString(),
        },
      ]
    } catch {
      return []
    }
  })
}

/** Node prints a distinguished name a part a line, and an empty one as nothing. */
const oneLine = (name: string | undefined): string => (name ?? '').split('\n').join(', ')
