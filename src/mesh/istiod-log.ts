/** One warning or error of istiod's own log. */
export interface IstiodWarning {
  /** ISO time. */
  at: string
  /** The part of istiod that says it: `model`, `ads`, `validation`. */
  scope: string
  message: string
}

/** How Istio's control plane logs: time, level, scope and message, tabs between them. */
const LINE = /^(\S+Z)\t(?:warn|error)\t([\w-]+)\t(.*)$/

/** Takes the warnings and errors out of istiod's log; all else, which is most of it, is left out. */
export function istiodWarnings(log: string): IstiodWarning[] {
  return log.split('\n').flatMap((line) => {
    const [, at, scope, message] = LINE.exec(line) ?? []
    return at === undefined || scope === undefined || message === undefined ? [] : [{ at, scope, message }]
  })
}

/** Why istiod gave a proxy no certificate. */
export interface CredentialRefusal {
  credential: string
  /** `NAME.NAMESPACE`; absent when istiod does not say who asked. */
  proxy?: string
  reason: string
}

/** What a warning says of a certificate that a Gateway's proxy asked for in vain; undefined for any other warning. */
export function credentialRefusal(message: string): CredentialRefusal | undefined {
  const [, named, reason] =
    /^failed to fetch key and certificate for kubernetes(?:-gateway)?:\/\/(\S+): (.+)$/.exec(message) ?? []
  if (named !== undefined && reason !== undefined) return { credential: named, reason }
  const [, proxy, credential, account, namespace] =
    /^proxy (\S+) attempted to access unauthorized certificates (\S+): ([^/\s]+)\/(\S+) is not authorized to read secrets/.exec(
      message,
    ) ?? []
  if (proxy === undefined || credential === undefined) return undefined
  return { credential, proxy, reason: `service account ${namespace ?? ''}/${account ?? ''} may not read Secrets` }
}

/** What a warning says of a proxy that istiod did not believe when it asked for a certificate; undefined for any other warning. */
export function authenticationRefusal(message: string): { address: string; reason: string } | undefined {
  const [, address, said] =
    /^Failed to authenticate client from ([\d.]+|\[[\da-f:.]+\]):\d+: (.+)$/i.exec(message) ?? []
  if (address === undefined || said === undefined) return undefined
  const [, words] = /authentication returns an error: \[(.+)\]/.exec(said) ?? []
  return { address: address.replace(/^\[|\]$/g, ''), reason: words ?? said }
}
