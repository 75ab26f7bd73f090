import { generateKeyPairSync, sign } from 'node:crypto'

/** A key of this process alone: no token outlives it. */
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** The public half as a JSON Web Key Set. */
export const JWKS = JSON.stringify({
  keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'situation', alg: 'RS256', use: 'sig' }],
})

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A JSON Web Token of an issuer, good for five minutes. */
export function token(issuer: string): string {
  const now = Math.floor(Date.now() / 1000)
  const body = `${part({ alg: 'RS256', kid: 'situation', typ: 'JWT' })}.${part({ iss: issuer, sub: 'situation', iat: now, exp: now + 300 })}`
  return `${body}.${sign('RSA-SHA256', Buffer.from(body), privateKey).toString('base64url')}`
}
