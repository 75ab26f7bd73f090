import type { IncomingMessage, ServerResponse } from 'node:http'

import type { SlackStandIn } from '../contract.ts'
import type { Person } from '../records.ts'
import type { Choice } from '../rendering/html-context.ts'
import { ASSETS } from './assets.ts'
import { fileTextHtml, isText, sendFile } from './files.ts'
import { dialogHtml, frameHtml } from './frame-html.ts'
import type { Guide } from './guide.ts'
import { channelsHtml } from './messages-html.ts'
import { post } from './posts.ts'

/** What the page shows. */
interface PageParts {
  readonly standIn: SlackStandIn
  readonly people: readonly Person[]
  readonly channels: readonly Choice[]
  readonly guide: Guide | undefined
}

/** Only this page's own two files are its style and script, and it talks to its own server alone. */
const security = (host: string): Readonly<Record<string, string>> => ({
  'content-security-policy': `default-src 'none'; style-src http://${host}/page/page.css; script-src http://${host}/page/page.js; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
})

/**
 * The page of the stand-in at `/`: the channels with their threads, clickable buttons, open modals, files, and a line for slash
 * commands. It answers loopback hosts only, and takes posts from itself only.
 * @returns a route; it gives false for paths that aren't the page's
 */
export const pageRoutes = (parts: PageParts): ((request: IncomingMessage, response: ServerResponse) => boolean) => {
  const { standIn, guide } = parts
  const listeners = new Set<ServerResponse>()
  for (const kind of ['message', 'update', 'delete', 'ephemeral', 'view', 'reaction'] as const) {
    standIn.on(kind, () => listeners.forEach((listener) => listener.write('data: changed\n\n')))
  }
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (url.pathname !== '/' && !/^\/(?:page|archives)\//.test(url.pathname)) return false
    const refusal = foreign(request, new URL(standIn.pageUrl).port)
    const { host = '' } = request.headers
    if (refusal !== undefined) {
      response.writeHead(403, { 'content-type': 'text/plain' }).end(refusal)
    } else if (request.method === 'POST') {
      void post({ standIn, guide }, url.pathname, request, response)
    } else if (url.pathname === '/page/events') {
      response.writeHead(200, { ...security(host), 'content-type': 'text/event-stream' }).write('data: hello\n\n')
      listeners.add(response)
      response.on('close', () => listeners.delete(response))
    } else {
      get(parts, url, { ...security(host) }, response)
    }
    return true
  }
}

/** The address of a message, as chat.getPermalink gives it. */
const PERMALINK = /^\/archives\/\w+\/p(\d{10})(\d{6})$/

const HTML = 'text/html; charset=utf-8'

const get = (
  { standIn, people, channels, guide }: PageParts,
  url: URL,
  headers: Readonly<Record<string, string>>,
  response: ServerResponse,
): void => {
  const send = (type: string, body: string | Buffer, status = 200): void =>
    void response.writeHead(status, { ...headers, 'content-type': type }).end(body)
  const asset = ASSETS[url.pathname]
  const [, id] = /^\/page\/file\/(\w+)\//.exec(url.pathname) ?? []
  const file = standIn.files().find((other) => other.id === id)
  const [, seconds, micros] = PERMALINK.exec(url.pathname) ?? []
  if (asset !== undefined) {
    send(asset.type, asset.body)
  } else if (seconds !== undefined) {
    response.writeHead(302, { ...headers, location: `/#message-${seconds}.${micros ?? ''}` }).end()
  } else if (url.pathname === '/') {
    send(HTML, frameHtml(people, guide))
  } else if (url.pathname === '/page/shown') {
    const onlooker = { standIn, people, channels, user: url.searchParams.get('user') ?? '' }
    send(HTML, `${channelsHtml(onlooker)}${dialogHtml(onlooker)}`)
  } else if (file === undefined) {
    send('text/plain', 'not found', 404)
  } else if (url.searchParams.has('view')) {
    send(HTML, isText(file) ? fileTextHtml(file) : '')
  } else {
    sendFile(response, file)
  }
}

/** Why a request isn't from this page: a foreign host name (DNS rebinding) or a foreign origin. */
const foreign = (request: IncomingMessage, port: string): string | undefined => {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`]
  const { host = '', origin } = request.headers
  if (!hosts.includes(host)) return 'This page answers to 127.0.0.1 and localhost only.'
  if (request.method === 'POST' && origin !== `http://${host}`) return 'This page takes posts from itself only.'
  return undefined
}
