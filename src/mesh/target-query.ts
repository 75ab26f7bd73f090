import { UserError } from './user-error.ts'
import { isDnsLabel, isDnsName } from './names.ts'
import { defined } from './defined.ts'

/** What a person asked for, taken apart but not yet looked up. */
export interface TargetQuery {
  /** As typed. */
  text: string
  form: 'name' | 'deploy' | 'pod' | 'host'
  name: string
  namespace?: string
  port?: number
  path?: string
  /** Milliseconds of traffic that are asked for. */
  window?: number
}

/** A target that cannot mean anything: `message` says what would. */
export class TargetSyntaxError extends UserError {
  readonly text: string
  /** Which of the two that were given it is about. */
  readonly field: 'target' | 'namespace'
  constructor(
    text: string,
    why: string,
    {
      field = 'target',
      says = 'A target is a service (catalog, catalog.shop), deploy/NAME, pod/NAME, a host (shop.example.com) or a URL.',
    }: { field?: 'target' | 'namespace'; says?: string } = {},
  ) {
    super({ why: `${why} ${says}` }, { code: 'target-syntax' })
    this.text = text
    this.field = field
  }
}

const KINDS: ReadonlyMap<string, 'deploy' | 'pod' | 'name'> = new Map(
  Object.entries({
    deploy: 'deploy',
    deployment: 'deploy',
    deployments: 'deploy',
    'deployment.apps': 'deploy',
    pod: 'pod',
    pods: 'pod',
    po: 'pod',
    svc: 'name',
    service: 'name',
    services: 'name',
  } as const),
)

/** At most this much of what was typed is repeated in an answer. */
const quoted = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)

function parseUrl(text: string): TargetQuery {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new TargetSyntaxError(text, `${quoted(text)} is not a URL.`)
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TargetSyntaxError(text, `${quoted(text)} is neither http nor https.`)
  if (url.username !== '' || url.password !== '')
    throw new TargetSyntaxError(text, 'A URL with a user or password in it is refused.')
  if (!isDnsName(url.hostname)) throw new TargetSyntaxError(text, `${quoted(url.hostname)} is not a host name.`)
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  return { text, form: 'host', name: url.hostname, port, path: url.pathname }
}

function parseHostPort(text: string): TargetQuery {
  const [, host = '', port, path] = /^([^:/]+)(?::(\d{1,5}))?(\/.*)?$/.exec(text) ?? []
  if (!isDnsName(host)) throw new TargetSyntaxError(text, `${quoted(text)} is not a name Kubernetes allows.`)
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))
    throw new TargetSyntaxError(text, `${quoted(port)} is not a port.`)
  const dots = host.split('.').length - 1
  const query: TargetQuery = {
    text,
    form: dots > 1 || path !== undefined || host.startsWith('*') ? 'host' : 'name',
    name: host,
  }
  if (dots === 1 && query.form === 'name') {
    const [name = '', namespace = ''] = host.split('.')
    if (!isDnsLabel(name) || !isDnsLabel(namespace)) query.form = 'host'
    else Object.assign(query, { name, namespace })
  }
  if (port !== undefined) query.port = Number(port)
  if (path !== undefined) query.path = path
  return query
}

/**
 * Takes a TARGET apart: `catalog`, `catalog.istioinaction`, `deploy/catalog`, `pod/NAME`, `svc/NAME`, a host or a URL.
 * Nothing but names the Kubernetes API itself would accept passes, so no flag or shell character reaches a command.
 *
 * @throws {TargetSyntaxError} saying what would work
 */
export function parseTarget(text: string, namespace?: string): TargetQuery {
  const typed = text.trim()
  if (typed === '') throw new TargetSyntaxError(text, 'No target was given.')
  if (namespace !== undefined && !isDnsLabel(namespace))
    throw new TargetSyntaxError(text, `${quoted(namespace)} is not a namespace name.`, { field: 'namespace' })
  const query = parseUnscoped(typed)
  if (namespace === undefined) return query
  if (query.namespace !== undefined && query.namespace !== namespace)
    throw new TargetSyntaxError(text, `${quoted(typed)} names namespace ${query.namespace}, -n says ${namespace}.`, {
      field: 'namespace',
    })
  return { ...query, namespace }
}

function parseUnscoped(typed: string): TargetQuery {
  if (typed.includes('://')) return parseUrl(typed)
  const slash = typed.indexOf('/')
  const form = slash === -1 ? undefined : KINDS.get(typed.slice(0, slash).toLowerCase())
  if (form === undefined) {
    if (slash !== -1 && !typed.slice(0, slash).includes('.'))
      throw new TargetSyntaxError(
        typed,
        `${quoted(typed.slice(0, slash))} is not a kind of target that mesh-medic supports.`,
      )
    return parseHostPort(typed)
  }
  const rest = typed.slice(slash + 1)
  const [name = '', namespace, ...more] = form === 'pod' ? [rest] : rest.split('.')
  if (!isDnsName(name) || more.length > 0 || (namespace !== undefined && !isDnsLabel(namespace)))
    throw new TargetSyntaxError(typed, `${quoted(rest)} is not a name Kubernetes allows.`)
  return { text: typed, form, name, ...defined({ namespace }) }
}
