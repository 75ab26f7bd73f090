import { readFile } from 'node:fs/promises'
import type { Config } from '../config.ts'
import type { ClusterConfig } from '../config/file.ts'
import { UnseenError } from '../evidence/clients/clients.ts'
import { isHeaderText } from './header-text.ts'

/** Where Kiali is, and what answers the token for it. */
export interface KialiConnection {
  url: string
  token: () => Promise<string | undefined>
}

/**
 * The Kiali that is configured, of one cluster or of all, with its own token; undefined for none. The token of KIALI_URL is for a cluster's own Kiali only where
 * there is no KIALI_URL.
 */
export function kialiOf({ kiali }: Config, cluster: ClusterConfig = {}): KialiConnection | undefined {
  const { kiali: own, kialiTokenFile } = cluster
  const address = own ?? kiali.url
  if (address === undefined) return undefined
  const isForAll = own === undefined || kiali.url === undefined
  const file = (own === undefined ? undefined : kialiTokenFile) ?? (isForAll ? kiali.tokenFile : undefined)
  return {
    url: address,
    // Tokens in files are renewed while the process runs.
    token: () => {
      if (file !== undefined) return tokenIn(file)
      return Promise.resolve(isForAll ? kiali.token?.reveal() : undefined)
    },
  }
}

async function tokenIn(file: string): Promise<string> {
  let text: string
  try {
    text = (await readFile(file, 'utf8')).trim()
  } catch (error) {
    throw new UnseenError('unavailable', `the token for Kiali could not be read (${(error as Error).message})`, {
      cause: error,
    })
  }
  if (!isHeaderText(text)) throw new UnseenError('unavailable', 'the file with the token for Kiali holds no token')
  return text
}
