import { expect, it } from 'vitest'
import { parseSecretDump } from '../../src/evidence/secret-dump.ts'
import { certificate } from '../live/certificate.ts'

const bytes = (...pem: string[]): { inlineBytes: string } => ({
  inlineBytes: Buffer.from(pem.map((one) => Buffer.from(one, 'base64').toString()).join('')).toString('base64'),
})
const DAY = 24 * 3600
const { certificate: leaf } = certificate('catalog.example.com', -3600, DAY)
const { certificate: signer } = certificate('root.example.com', -DAY, 300 * DAY)

/** In the shape that istioctl 1.31 prints; keys are blotted out by Envoy. */
const dump = (chain: { inlineBytes: string }): string =>
  JSON.stringify({
    dynamicActiveSecrets: [
      {
        name: 'default',
        versionInfo: '1',
        secret: {
          name: 'default',
          tlsCertificate: { certificateChain: chain, privateKey: { inlineBytes: 'W3JlZGFjdGVkXQ==' } },
        },
      },
      {
        name: 'ROOTCA',
        secret: { name: 'ROOTCA', validationContext: { trustedCa: bytes(signer), crl: { inlineBytes: '' } } },
      },
    ],
    dynamicWarmingSecrets: [{ name: 'kubernetes://nosuch', secret: { name: 'kubernetes://nosuch' } }],
  })

it('reads the certificates of a chain in order, and what is asked for and not had', () => {
  const secrets = parseSecretDump(dump(bytes(leaf, signer)))
  expect(
    secrets.map(({ name, type, status, certificates }) => ({
      name,
      type,
      status,
      of: certificates.map(({ names }) => names),
    })),
  ).toEqual([
    { name: 'kubernetes://nosuch', type: undefined, status: 'WARMING', of: [] },
    { name: 'default', type: 'Cert Chain', status: 'ACTIVE', of: [['catalog.example.com'], ['root.example.com']] },
    { name: 'ROOTCA', type: 'CA', status: 'ACTIVE', of: [['root.example.com']] },
  ])
  expect(secrets[1]?.certificates[0]).toMatchObject({
    subject: 'CN=catalog.example.com',
    issuer: 'CN=catalog.example.com',
  })
  expect(secrets[1]?.certificates[0]?.serial).toMatch(/^[0-9a-f]+$/)
  expect(secrets[1]?.certificates[0]?.notBefore).toMatch(/^\d{4}-.*Z$/)
  expect(JSON.stringify(secrets)).not.toContain('W3JlZGFjdGVkXQ')
})

it('leaves out what is no certificate', () => {
  const [, secret] = parseSecretDump(
    dump({
      inlineBytes: Buffer.from('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n').toString('base64'),
    }),
  )
  expect(secret).toMatchObject({ name: 'default', certificates: [] })
})

it.each(['Error: no such pod', '[]', 'null'])('is not taken in by %s', (text) => {
  expect(() => parseSecretDump(text)).toThrow(SyntaxError)
})

it('takes a proxy without any at its word', () => {
  expect(parseSecretDump('No active or warming secrets found.')).toEqual([])
})
