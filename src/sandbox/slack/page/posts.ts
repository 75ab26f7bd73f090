import type { IncomingMessage, ServerResponse } from 'node:http'

import { isFields } from '../../../mesh/fields.ts'
import type { SlackStandIn } from '../contract.ts'
import type { Guide } from './guide.ts'

/** Bodies of the page's own posts are small. */
const MAX_POST = 64 * 1024

interface Actors {
  readonly standIn: SlackStandIn
  readonly guide: Guide | undefined
}

/** Does what a person did on the page, and answers with the error that they see, if any. */
export const post = async (
  actors: Actors,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  try {
    const result = await perform(actors, path, deedOf(await readJson(request)))
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
  /** `ts` of the parent of the thread that was typed in. */
  readonly thread: string
  readonly place: string
  readonly action: string
  readonly situation: string
  readonly value: string | readonly string[]
  readonly values: unknown
}

const deedOf = (body: Readonly<Record<string, unknown>>): Deed => {
  const text = (name: string): string => (typeof body[name] === 'string' ? body[name] : '')
  return {
    user: text('user'),
    line: text('line'),
    thread: text('thread'),
    place: text('place'),
    action: text('action'),
    situation: text('situation'),
    value: given(body.value),
    values: body.values,
  }
}

const given = (value: unknown): string | readonly string[] =>
  Array.isArray(value) ? value.map(String) : typeof value === 'string' ? value : ''

const perform = async (
  { standIn, guide }: Actors,
  path: string,
  { user, line, thread, place, action, situation, value, values }: Deed,
): Promise<{ readonly shownError?: string | undefined }> => {
  const view = standIn.views().find((other) => other.id === place)
  const where = view ?? place
  switch (path) {
    case '/page/type': {
      const at = { user, ...(thread === '' ? {} : { thread }) }
      return line.startsWith('/')
        ? standIn.type(line, at)
        : line.includes(`@${standIn.app.name}`)
          ? standIn.mention(line, at)
          : (await standIn.say(line, at), {})
    }
    case '/page/try':
      if (guide === undefined) throw new Error('There is nothing to try here.')
      return guide.play(situation, user)
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
