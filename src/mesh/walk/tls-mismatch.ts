import type { ChainWalk } from './chain-walk.ts'
import type { Connection } from './request.ts'

/** One side of a connection speaks TLS, the other plain text. */
export type TlsMismatch = 'tls to a plaintext port' | 'plaintext to a tls port'

const endsTls = (chain: ChainWalk): boolean => /tls/i.test(chain.chain?.transportSocket?.name ?? '')

/** How a connection and the filter chain that takes it misunderstand each other; undefined when they do not. */
export function tlsMismatch(chain: ChainWalk, { tls }: Connection): TlsMismatch | undefined {
  if (endsTls(chain)) return tls === undefined ? 'plaintext to a tls port' : undefined
  // Bytes may pass to something behind that speaks TLS itself; HTTP filters can't read them.
  return tls !== undefined && chain.ending?.kind === 'http' ? 'tls to a plaintext port' : undefined
}
