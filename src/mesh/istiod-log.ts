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

/** One change of an object that istiod told its proxies of: made, changed or deleted, which of these it does not say. */
export interface IstiodPush {
  /** ISO time. */
  at: string
  kind: string
  namespace: string
  name: string
}

/** `2026-11-24T04:06:58.325455Z	info	ads	Push debounce stable[866] 2 for config VirtualService/shop/orders and 1 more configs: …` */
const PUSH = /^(\S+Z)\tinfo\tads\tPush debounce stable\[\d+\] \d+ for config (\w+)\/([a-z0-9-]+)\/([a-z0-9.-]+)[: ]/

/** The objects that istiod pushed because they were made, changed or deleted. Of several that came at once it names the first. */
export function istiodPushes(log: string): IstiodPush[] {
  return log.split('\n').flatMap((line) => {
    const [, at, kind, namespace, name] = PUSH.exec(line) ?? []
    return at === undefined || kind === undefined || namespace === undefined || name === undefined
      ? []
      : [{ at, kind, namespace, name }]
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
