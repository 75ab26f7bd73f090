import { readFile } from 'node:fs/promises'
import type { Config } from '../config.ts'
import { UnseenError } from '../evidence/clients/clients.ts'

/** Where Kiali is, and what answers the token for it. */
export interface KialiConnection {
  url: string
  token: () => Promise<string | undefined>
}

/** The Kiali that is configured, of one cluster or of all; undefined for none. */
export function kialiOf({ kiali: { url, token, tokenFile } }: Config, own?: string): KialiConnection | undefined {
  const address = own ?? url
  if (address === undefined) return undefined
  return {
    url: address,
    // Tokens in files are renewed while the process runs.
    token: () => (tokenFile === undefined ? Promise.resolve(token?.reveal()) : tokenIn(tokenFile)),
  }
}

async function tokenIn(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    throw new UnseenError('unavailable', `the token for Kiali could not be read (${(error as Error).message})`, {
      cause: error,
    })
  }
}
