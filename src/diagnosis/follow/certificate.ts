import type { Pod } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { firstInvalid, periodOf } from '../../mesh/secrets.ts'
import type { Trace } from './trace.ts'

interface TlsContext {
  commonTlsContext?: { tlsCertificateSdsSecretConfigs?: { name?: string }[] }
}

/** The certificates that the filter chain which takes the connection presents and that come from Secrets: `kubernetes://NAME`. */
function namedBy({ walk }: Trace): string[] {
  const context = walk.chain?.chain?.transportSocket?.typedConfig as TlsContext | undefined
  return (context?.commonTlsContext?.tlsCertificateSdsSecretConfigs ?? []).flatMap(({ name }) =>
    name !== undefined && /^kubernetes(-gateway)?:\/\//.test(name) ? [name] : [],
  )
}

/** Why the certificate of the filter chain lets no TLS connection come about, or that this was not seen. */
export function certificateOf(trace: Trace): { trouble?: string; note?: string } {
  const [named] = namedBy(trace)
  if (named === undefined) return {}
  const reading = trace.evidence.seenOf('secrets', refOf(trace.callerPod))
  if (reading === undefined) return { note: `whether the certificate ${named} is there and valid was not seen` }
  const secret = reading.value.find(({ name }) => name === named)
  if (secret?.status !== 'ACTIVE')
    return {
      trouble: `${trace.callerPod.metadata.name} has no certificate ${named} (${secret?.status ?? 'unknown to it'}): no TLS connection is established.`,
    }
  const invalid = firstInvalid(secret.certificates, reading.at)
  return invalid === undefined
    ? {}
    : { trouble: `The certificate ${named} is valid only ${periodOf(invalid)}: clients reject it.` }
}

/** Why mutual TLS between the caller and a pod comes about no more: one of the two certificates is not valid. Undefined when nothing seen says so. */
export function mutualTlsTrouble(pod: Pod, { evidence, callerPod }: Trace): string | undefined {
  for (const one of [pod, callerPod]) {
    const reading = evidence.seenOf('secrets', refOf(one))
    const own = reading?.value.find(({ name }) => name === 'default')?.certificates.slice(0, 1) ?? []
    const invalid = reading === undefined ? undefined : firstInvalid(own, reading.at)
    if (invalid !== undefined)
      return `The certificate of ${one.metadata.name} is valid only ${periodOf(invalid)}: a new connection of mTLS is refused, and the caller sees 503 UF.`
  }
  return undefined
}
