import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'

/** One value of ASN.1 in DER: tag, length, content. */
function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...contents: Buffer[]): Buffer => der(0x30, ...contents)
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))
const SHA256_WITH_RSA = sequence(oid('2a864886f70d01010b'), der(0x05))
const time = (milliseconds: number): Buffer =>
  der(
    0x17,
    Buffer.from(
      `${new Date(milliseconds)
        .toISOString()
        .replace(/[-:T]|\.\d+/g, '')
        .slice(2, 14)}Z`,
    ),
  )

/** A certificate with its key: both PEM in base64, as a Secret holds them. */
export interface Certificate {
  certificate: string
  key: string
}

const nameOf = (host: string): Buffer => sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(host)))))
const AUTHORITY = sequence(
  oid('551d13'),
  der(0x01, Buffer.from([0xff])),
  der(0x04, sequence(der(0x01, Buffer.from([0xff])))),
)
const addressOrName = (host: string): Buffer =>
  isIPv4(host) ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host))

/**
 * A certificate for a host or an IPv4 address, valid from and until so many seconds from now.
 *
 * @param issuer who signs it, by its name; without one it is of its own signature, and may sign others
 */
export function certificate(
  host: string,
  from: number,
  until: number,
  issuer?: Certificate & { name: string },
): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const alternative = sequence(oid('551d11'), der(0x04, sequence(addressOrName(host))))
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1, ...Buffer.from(host).subarray(0, 7)])),
    SHA256_WITH_RSA,
    nameOf(issuer?.name ?? host),
    sequence(time(Date.now() + from * 1000), time(Date.now() + until * 1000)),
    nameOf(host),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, issuer === undefined ? sequence(alternative, AUTHORITY) : sequence(alternative)),
  )
  const signer = issuer === undefined ? privateKey : createPrivateKey(Buffer.from(issuer.key, 'base64'))
  const signed = sequence(body, SHA256_WITH_RSA, der(0x03, Buffer.from([0]), sign('RSA-SHA256', body, signer)))
  const pem = `-----BEGIN CERTIFICATE-----\n${signed.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
  return {
    certificate: Buffer.from(pem).toString('base64'),
    key: Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })).toString('base64'),
  }
}
