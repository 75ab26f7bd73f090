import { secrets } from '../../evidence/collectors/secrets.ts'
import type { AnyStep } from '../../evidence/step.ts'
import { refOf } from '../../mesh/objects.ts'
import type { Trace } from './trace.ts'

interface TlsContext { commonTlsContext?: { tlsCertificateSdsSecretConfigs?: { name?: string }[] } }

/** The certificates that the filter chain which takes the connection presents and that come from Secrets: `kubernetes://NAME`. */
function namedBy({ walk }: Trace): string[] {
  const context = walk.chain?.chain?.transportSocket?.typedConfig as TlsContext | undefined
  return (context?.commonTlsContext?.tlsCertificateSdsSecretConfigs ?? []).flatMap(({ name }) => (name !== undefined && /^kubernetes(-gateway)?:\/\//.test(name) ? [name] : []))
}

/** The look at the certificates of the caller's proxy, when one of them is needed. */
export const planCertificates = (trace: Trace): AnyStep[] => (namedBy(trace).length === 0 ? [] : [secrets(refOf(trace.callerPod))])

/** Why the certificate of the filter chain lets no TLS connection come about, or that this was not seen. */
export function certificateOf(trace: Trace): { trouble?: string; note?: string } {
  const [named] = namedBy(trace)
  if (named === undefined) return {}
  const reading = trace.evidence.seenOf('secrets', refOf(trace.callerPod))
  if (reading === undefined) return { note: `whether the certificate ${named} is there and valid was not seen` }
  const secret = reading.value.find(({ name }) => name === named)
  if (secret?.status !== 'ACTIVE') return { trouble: `${trace.callerPod.metadata.name} has no certificate ${named} (${secret?.status ?? 'unknown to it'}): no TLS connection comes about.` }
  const { notBefore = '', notAfter = '' } = secret
  const now = Date.parse(reading.at)
  return now > Date.parse(notAfter) || now < Date.parse(notBefore) ? { trouble: `The certificate ${named} is valid only from ${notBefore} to ${notAfter}: clients refuse it.` } : {}
}
