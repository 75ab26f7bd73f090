/** One certificate of a chain or bundle, without its key. Times are ISO 8601. */
export interface Certificate {
  /** In hexadecimal, lower case. */
  serial: string
  /** Distinguished name, `O=cluster.local`; empty for a workload, which is named by its URI. */
  subject: string
  issuer: string
  /** `spiffe://cluster.local/ns/shop/sa/catalog`, host names. */
  names: string[]
  notBefore: string
  notAfter: string
}

/** One secret of a proxy's secret discovery, without anything secret. */
export interface ProxySecret {
  /** `default` (its own certificate), `ROOTCA`, `kubernetes://NAME` for a Gateway's credential. */
  name: string
  type?: 'Cert Chain' | 'CA'
  /** `WARMING`: asked for and not had; what waits for it waits too. */
  status: 'ACTIVE' | 'WARMING'
  /** Of a chain, the proxy's own first, then those that signed it; of a bundle, in its order. */
  certificates: Certificate[]
}

/** Istio's CA dates certificates back by this, for clocks that go slow (its `ClockSkew`). */
const BACKDATED = 2 * 60_000
const MOST_WARNING = 30 * 24 * 3600_000

/**
 * How a certificate stands at a moment (milliseconds since the epoch). `expiring`: less than a quarter of its life is left, and less than 30 days;
 * pilot-agent renews a workload's at half of its life.
 */
export function validityOf(
  { notBefore, notAfter }: Certificate,
  now: number,
): 'valid' | 'expiring' | 'expired' | 'not yet valid' {
  const [from, to] = [Date.parse(notBefore), Date.parse(notAfter)]
  if (now > to) return 'expired'
  if (now < from) return 'not yet valid'
  const life = Math.max(0, to - from - BACKDATED)
  return to - now < Math.min(life / 4, MOST_WARNING) ? 'expiring' : 'valid'
}

/** The first certificate that is not valid (any more, or yet) when it is read, `at` an ISO time; undefined when all are. */
export function firstInvalid(certificates: readonly Certificate[], at: string): Certificate | undefined {
  return certificates.find((one) => ['expired', 'not yet valid'].includes(validityOf(one, Date.parse(at))))
}

/** `from … to …`, as a sentence has it. */
export const periodOf = ({ notBefore, notAfter }: Certificate): string => `from ${notBefore} to ${notAfter}`
