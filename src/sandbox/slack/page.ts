import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

import type { SlackStandIn } from './contract.ts'
import { SCRIPT, STYLE } from './page-assets.ts'
import type { Ephemeral, Message, Person, ShownView } from './records.ts'
import { blocksHtml, type HtmlContext } from './rendering/html.ts'
import { escapeHtml, mrkdwnToHtml } from './rendering/mrkdwn.ts'
import { isFields } from '../../mesh/fields.ts'
import { compareTs } from './workspace.ts'

/** What the page shows. */
interface PageParts {
  readonly standIn: SlackStandIn
  readonly people: readonly Person[]
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Only this page's own style and script run, and it talks to its own server alone. */
const SECURITY: Readonly<Record<string, string>> = {
  'content-security-policy': `default-src 'none'; style-src ${hashOf(STYLE)}; script-src ${hashOf(SCRIPT)}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

/** Bodies of the page's own posts are small. */
const MAX_POST = 64 * 1024

/**
 * The page of the stand-in at `/`: the channels with their threads, clickable buttons, open modals, and a line for slash
 * commands. It answers loopback hosts only, and takes posts from itself only.
 * @returns a route; it gives false for paths that aren't the page's
 */
export const pageRoutes = ({
  standIn,
  people,
}: PageParts): ((request: IncomingMessage, response: ServerResponse) => boolean) => {
  const listeners = new Set<ServerResponse>()
  for (const kind of ['message', 'update', 'delete', 'ephemeral', 'view', 'reaction'] as const) {
    standIn.on(kind, () => listeners.forEach((listener) => listener.write('data: changed\n\n')))
  }
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (url.pathname !== '/' && !url.pathname.startsWith('/page/')) return false
    const refusal = foreign(request, new URL(standIn.pageUrl).port)
    if (refusal !== undefined) {
      response.writeHead(403, { 'content-type': 'text/plain' }).end(refusal)
    } else if (request.method === 'POST') {
      void post(standIn, url.pathname, request, response)
    } else if (url.pathname === '/page/events') {
      response.writeHead(200, { ...SECURITY, 'content-type': 'text/event-stream' }).write('data: hello\n\n')
      listeners.add(response)
      response.on('close', () => listeners.delete(response))
    } else {
      const html = url.pathname === '/' ? frame(people) : shown(standIn, url.searchParams.get('user') ?? '')
      response.writeHead(200, { ...SECURITY, 'content-type': 'text/html; charset=utf-8' }).end(html)
    }
    return true
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

const post = async (
  standIn: SlackStandIn,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  try {
    const body = await readJson(request)
    const text = (name: string): string => (typeof body[name] === 'string' ? body[name] : '')
    const result = await perform(standIn, path, {
      user: text('user'),
      line: text('line'),
      place: text('place'),
      action: text('action'),
      value: given(body.value),
      values: body.values,
    })
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result))
  } catch (error) {
    response
      .writeHead(400, { 'content-type': 'text/plain; charset=utf-8' })
      .end(error instanceof Error ? error.message : String(error))
  }
}

interface Deed {
  readonly user: string
  readonly line: string
  readonly place: string
  readonly action: string
  readonly value: string | readonly string[]
  readonly values: unknown
}

const given = (value: unknown): string | readonly string[] =>
  Array.isArray(value) ? value.map(String) : typeof value === 'string' ? value : ''

const perform = async (
  standIn: SlackStandIn,
  path: string,
  { user, line, place, action, value, values }: Deed,
): Promise<{ readonly shownError?: string | undefined }> => {
  const view = standIn.views().find((other) => other.id === place)
  const where = view ?? place
  switch (path) {
    case '/page/type':
      return line.startsWith('/')
        ? standIn.type(line, { user })
        : line.includes(`@${standIn.app.name}`)
          ? standIn.mention(line, { user })
          : (await standIn.say(line, { user }), {})
    case '/page/click':
      return standIn.click(where, action, { user })
    case '/page/choose':
      return standIn.choose(where, action, value, { user })
    case '/page/submit':
      if (view === undefined) throw new Error('That view is closed.')
      return standIn.submitView(
        view,
        isFields(values) ? Object.fromEntries(Object.entries(values).map(([name, entry]) => [name, given(entry)])) : {},
        { user },
      )
    case '/page/close':
      if (view !== undefined) await standIn.closeView(view, { user })
      return {}
    default:
      throw new Error('There is no such thing to do.')
  }
}

const readJson = async (request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> => {
  let text = ''
  for await (const chunk of request as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8')
    if (text.length > MAX_POST) throw new Error('That is too long.')
  }
  const value: unknown = JSON.parse(text)
  if (!isFields(value)) throw new Error('Expected a JSON object.')
  return value
}

const frame = (people: readonly Person[]): string => {
  const choices = people.map((person) => `<option value="${escapeHtml(person.id)}">${escapeHtml(person.name)}</option>`)
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Slack stand-in</title><style>${STYLE}</style></head>
<body><main id="shown"></main><div id="trouble" role="status"></div>
<form id="type"><select id="user" aria-label="You are">${choices.join('')}</select><input name="line" aria-label="Type a command" placeholder="/mesh diagnose catalog" autocomplete="off" autofocus><button>Send</button></form>
<script>${SCRIPT}</script></body></html>`
}

const shown = (standIn: SlackStandIn, user: string): string => {
  const channels = [
    ...new Set(standIn.messages().map((message) => message.channel)),
    ...standIn.ephemerals(user).map((ephemeral) => ephemeral.channel),
  ]
  const sections = [...new Set(channels)].map((channel) => channelHtml(standIn, channel, user))
  const modals = standIn.views(user).filter((view) => view.type === 'modal')
  const top = modals.at(-1)
  return `${sections.length === 0 ? '<p class="muted">Nothing was said yet. Type a command below.</p>' : sections.join('')}${top === undefined ? '' : modalHtml(standIn, top)}`
}

const channelHtml = (standIn: SlackStandIn, channel: string, user: string): string => {
  const said = standIn.messages(channel)
  const own = standIn.ephemerals(user).filter((ephemeral) => ephemeral.channel === channel)
  const rows = [
    ...said
      .filter((message) => message.threadTs === undefined)
      .map((message) => ({ ts: message.ts, html: threadHtml(standIn, message, said, own) })),
    ...own
      .filter(({ threadTs }) => threadTs === undefined)
      .map((ephemeral) => ({ ts: ephemeral.ts, html: ephemeralHtml(standIn, ephemeral) })),
  ]
  return `<h2>#${escapeHtml(standIn.names.channel(channel))}</h2>${rows
    .sort((a, b) => compareTs(a.ts, b.ts))
    .map((row) => row.html)
    .join('')}`
}

const threadHtml = (
  standIn: SlackStandIn,
  parent: Message,
  said: readonly Message[],
  own: readonly Ephemeral[],
): string => {
  const replies = said
    .filter((message) => message.threadTs === parent.ts)
    .map((message) => messageHtml(standIn, message))
  const notes = own
    .filter((ephemeral) => ephemeral.threadTs === parent.ts)
    .map((ephemeral) => ephemeralHtml(standIn, ephemeral))
  return `${messageHtml(standIn, parent)}<div class="replies">${[...replies, ...notes].join('')}</div>`
}

const time = (ts: string): string => new Date(Number(ts) * 1000).toISOString().slice(11, 19)

const bodyHtml = (standIn: SlackStandIn, message: Message | Ephemeral): string => {
  const context: HtmlContext = { names: standIn.names, place: message.ts }
  return message.blocks.length > 0 ? blocksHtml(message.blocks, context) : mrkdwnToHtml(message.text, standIn.names)
}

const messageHtml = (standIn: SlackStandIn, message: Message): string => {
  const files = message.files.map(
    (file) => `<div class="muted">[${escapeHtml(file.title)}, ${file.bytes.length} bytes]</div>`,
  )
  const edited = message.editedTs === undefined ? '' : ' (edited)'
  return `<div class="message"><span class="name">${escapeHtml(standIn.names.person(message.user))}</span> <span class="muted">${time(message.ts)}${edited}</span><div>${bodyHtml(standIn, message)}</div>${files.join('')}</div>`
}

const ephemeralHtml = (standIn: SlackStandIn, ephemeral: Ephemeral): string =>
  `<div class="only"><span class="muted">Only visible to you</span><div>${bodyHtml(standIn, ephemeral)}</div></div>`

const modalHtml = (standIn: SlackStandIn, view: ShownView): string => {
  const { submit, close } = view.source
  const label = (value: unknown, otherwise: string): string =>
    escapeHtml(isFields(value) && typeof value.text === 'string' ? value.text : otherwise)
  const errors = Object.values(view.errors).map((error) => `<p class="muted">⚠️ ${escapeHtml(error)}</p>`)
  const place = `data-place="${escapeHtml(view.id)}"`
  const submitButton =
    submit === undefined
      ? ''
      : `<button type="button" class="primary" data-act="submit" ${place}>${label(submit, 'Submit')}</button>`
  const buttons = `<div class="actions">${submitButton}<button type="button" data-act="close" ${place}>${label(close, 'Close')}</button></div>`
  return `<dialog data-view="${escapeHtml(view.id)}"><h3>${escapeHtml(view.title)}</h3>${blocksHtml(view.blocks, { names: standIn.names, place: view.id })}${errors.join('')}${buttons}</dialog>`
}
