import type { Pod } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { validityOf } from '../../mesh/secrets.ts'
import type { Trace } from './trace.ts'

const INVALID: ReadonlySet<string> = new Set(['expired', 'not yet valid'])

interface TlsContext { commonTlsContext?: { tlsCertificateSdsSecretConfigs?: { name?: string }[] } }

/** The certificates that the filter chain which takes the connection presents and that come from Secrets: `kubernetes://NAME`. */
function namedBy({ walk }: Trace): string[] {
  const context = walk.chain?.chain?.transportSocket?.typedConfig as TlsContext | undefined
  return (context?.commonTlsContext?.tlsCertificateSdsSecretConfigs ?? []).flatMap(({ name }) => (name !== undefined && /^kubernetes(-gateway)?:\/\//.test(name) ? [name] : []))
}

/** Why the certificate of the filter chain lets no TLS connection come about, or that this was not seen. */
export function certificateOf(trace: Trace): { trouble?: string; note?: string } {
  const [named] = namedBy(trace)
  if (named === undefined) return {}
  const reading = trace.evidence.seenOf('secrets', refOf(trace.callerPod))
  if (reading === undefined) return { note: `whether the certificate ${named} is there and valid was not seen` }
  const secret = reading.value.find(({ name }) => name === named)
  if (secret?.status !== 'ACTIVE') return { trouble: `${trace.callerPod.metadata.name} has no certificate ${named} (${secret?.status ?? 'unknown to it'}): no TLS connection comes about.` }
  const invalid = secret.certificates.find((one) => INVALID.has(validityOf(one, Date.parse(reading.at))))
  return invalid === undefined ? {} : { trouble: `The certificate ${named} is valid only from ${invalid.notBefore} to ${invalid.notAfter}: clients refuse it.` }
}

/** Why mutual TLS between the caller and a pod comes about no more: one of the two certificates is not valid. Undefined when nothing seen says so. */
export function mutualTlsTrouble(pod: Pod, { evidence, callerPod }: Trace): string | undefined {
  for (const one of [pod, callerPod]) {
    const reading = evidence.seenOf('secrets', refOf(one))
    const own = reading?.value.find(({ name }) => name === 'default')?.certificates[0]
    if (reading === undefined || own === undefined || !INVALID.has(validityOf(own, Date.parse(reading.at)))) continue
    return `The certificate of ${one.metadata.name} is valid only from ${own.notBefore} to ${own.notAfter}: a new connection of mTLS is refused, and the caller sees 503 UF.`
  }
  return undefined
}
