import { isDnsLabel, isDnsName } from '../../mesh/names.ts'
import { TargetSyntaxError } from '../../mesh/target-query.ts'
import { isAddress } from '../../mesh/walk/address.ts'
import { defined } from '../../mesh/defined.ts'
import { table } from '../../mesh/table.ts'

/** Whose request is followed, as asked. */
export type From = { kind: 'ingress' } | { kind: 'deploy' | 'pod'; name: string; namespace?: string }

/** A request to follow, taken apart but not yet looked up. */
export interface FollowQuestion {
  /** As typed. */
  text: string
  /** In lower case. */
  host: string
  /** As typed: routes may compare the Host header letter by letter. */
  authority: string
  port?: number
  /** With its query. */
  path: string
  scheme?: 'http' | 'https'
  namespace?: string
  from?: From
  method: string
  /** Names in lower case. */
  headers: ReadonlyMap<string, string>
  /** True when such requests may carry others than these: they were seen in a log, which does not show headers. */
  moreHeaders?: true
}

/** What a person may add to the host. */
export interface FollowWords {
  namespace?: string | undefined
  /** `ingress`, `deploy/NAME` or `pod/NAME`. */
  from?: string | undefined
  method?: string | undefined
  /** `name=value`, each. */
  headers?: readonly string[] | undefined
}

/** A request to follow that cannot mean anything: `message` says what would. */
export class FollowSyntaxError extends TargetSyntaxError {
  constructor(text: string, why: string) {
    super(text, why, {
      says: 'Write HOST[:PORT][/PATH], for example catalog.example.com/items; --from ingress, deploy/NAME or pod/NAME.',
    })
  }
}

const MOST_HEADERS = 30
const MOST_CHARACTERS = 2000
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/
const FROM_KINDS: Readonly<Record<string, 'deploy' | 'pod'>> = table({
  deploy: 'deploy',
  deployment: 'deploy',
  'deployment.apps': 'deploy',
  pod: 'pod',
  po: 'pod',
  pods: 'pod',
})

/** At most this much of what was typed is repeated in an answer. */
const quoted = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)

function fromOf(text: string): From {
  if (text === 'ingress') return { kind: 'ingress' }
  const slash = text.indexOf('/')
  const kind = slash === -1 ? undefined : FROM_KINDS[text.slice(0, slash).toLowerCase()]
  const rest = text.slice(slash + 1)
  if (kind === undefined) throw new FollowSyntaxError(text, `${quoted(text)} is not a caller.`)
  const [name = '', namespace, ...more] = kind === 'pod' ? [rest] : rest.split('.')
  if (!isDnsName(name) || more.length > 0 || (namespace !== undefined && !isDnsLabel(namespace)))
    throw new FollowSyntaxError(text, `${quoted(rest)} is not a name Kubernetes allows.`)
  return { kind, name, ...defined({ namespace }) }
}

function headersOf(pairs: readonly string[]): Map<string, string> {
  if (pairs.length > MOST_HEADERS)
    throw new FollowSyntaxError(pairs[0] ?? '', `At most ${MOST_HEADERS} headers are accepted.`)
  return new Map(
    pairs.map((pair) => {
      const [, name = '', value = ''] = /^([^=:]+)[=:](.*)$/s.exec(pair) ?? []
      // eslint-disable-next-line no-control-regex -- no header value holds control characters
      if (!TOKEN.test(name) || value.length > MOST_CHARACTERS || /[\u0000-\u001f\u007f]/.test(value))
        throw new FollowSyntaxError(pair, `${quoted(pair)} is not a header: write name=value.`)
      return [name.toLowerCase(), value.trim()]
    }),
  )
}

/**
 * Takes `HOST[:PORT][/PATH]` or a URL apart, with what was added to it. Only names that Kubernetes or DNS would accept pass.
 *
 * @throws {FollowSyntaxError} saying what would work
 */
export function parseFollow(
  text: string,
  { namespace, from, method = 'GET', headers = [] }: FollowWords = {},
): FollowQuestion {
  const typed = text.trim()
  const [, scheme, host = '', port, path = '/'] =
    /^(?:(https?):\/\/)?([^:/?#\s]+)(?::(\d{1,5}))?([/?].*)?$/i.exec(typed) ?? []
  if (typed === '') throw new FollowSyntaxError(text, 'No host was given.')
  if (/^https?:\/\/(?:[:/?#]|$)/i.test(typed)) throw new FollowSyntaxError(text, `${quoted(typed)} names no host.`)
  if (/^[a-z]+:\/\//i.test(typed) && scheme === undefined)
    throw new FollowSyntaxError(text, `${quoted(typed)} is neither http nor https.`)
  if (!isDnsName(host.toLowerCase()) && !isAddress(host))
    throw new FollowSyntaxError(text, `${quoted(host === '' ? typed : host)} is not a host.`)
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))
    throw new FollowSyntaxError(text, `${quoted(port)} is not a port.`)
  // eslint-disable-next-line no-control-regex -- no path holds control characters
  if (path.length > MOST_CHARACTERS || /[\u0000-\u0020\u007f]/.test(path))
    throw new FollowSyntaxError(text, `${quoted(path)} is not a path.`)
  if (!TOKEN.test(method) || method.length > 20) throw new FollowSyntaxError(text, `${quoted(method)} is not a method.`)
  if (namespace !== undefined && !isDnsLabel(namespace))
    throw new FollowSyntaxError(text, `${quoted(namespace)} is not a namespace name.`)
  const added = headersOf(headers)
  const caller = from === undefined ? undefined : fromOf(from.trim())
  return {
    text: typed,
    host: host.toLowerCase(),
    authority: host,
    path: path.startsWith('?') ? `/${path}` : path,
    method: method.toUpperCase(),
    headers: added,
    ...(scheme !== undefined && { scheme: scheme.toLowerCase() as 'http' | 'https' }),
    ...(port !== undefined && { port: Number(port) }),
    ...defined({ namespace, from: caller }),
  }
}
