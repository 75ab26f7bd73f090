import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

import type { Fault, Faults } from './faults.ts'
import type { Announcer, ApiCall } from './happenings.ts'
import type { PostingLimit } from './rate-limit.ts'
import type { Fields } from './records.ts'
import { Refusal, refusalWithReasons } from './refusal.ts'
import { Arguments, parseBody } from './web-api/arguments.ts'
import { assertDocumentedError } from './web-api/documented-errors.ts'
import { DOCUMENTED, DOCUMENTED_RESPONSE, ofWrongType } from './web-api/documented.ts'
import { METHODS } from './web-api/index.ts'
import type { Method, Surroundings } from './web-api/method.ts'

/** The tokens that this Slack knows. */
export interface Tokens {
  readonly botToken: string
  readonly appToken: string
}

/** An answer before it is written. */
export interface Answer {
  readonly status: number
  readonly body: Fields | string
  readonly headers?: Readonly<Record<string, string>>
}

/** Serves a request that isn't Slack's API, e.g. the page. @returns false when it is none of its own */
export type OtherRoutes = (request: IncomingMessage, response: ServerResponse) => boolean

interface Parts {
  readonly here: Surroundings
  readonly tokens: Tokens
  readonly faults: Faults
  readonly postingLimit: PostingLimit | undefined
  readonly announcer: Announcer
  readonly otherRoutes: OtherRoutes
}

/** What a route gives: the answer, and what the log says about the call. */
interface Outcome {
  readonly answer: Answer
  readonly error?: string
  readonly ts?: string
}

/** Slack caps request bodies; 25 MB is more than any test needs. */
const MAX_BODY = 25 * 1024 * 1024

/** The HTTP side of the stand-in: `/api/METHOD`, `/upload/ID`, `/response/ID`. */
export class ApiServer {
  readonly http: Server
  readonly calls: ApiCall[] = []
  readonly #parts: () => Parts

  /** @param parts asked at each request, as they need the address of the server first */
  constructor(parts: () => Parts) {
    this.#parts = parts
    this.http = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy())
    })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const [, area = '', name = ''] = path.split('/')
    if (!['api', 'upload', 'response'].includes(area)) {
      if (!this.#parts().otherRoutes(request, response)) send(response, { status: 404, body: 'not found' })
      return
    }
    const body = await readBody(request)
    const method = area === 'api' ? name : area === 'upload' ? 'upload' : 'response_url'
    const at = Date.now()
    const args = readArguments(method, request, body)
    const record = (outcome: Partial<Outcome>, status: number) => {
      const { error, ts } = outcome
      const call: ApiCall = {
        method,
        arguments: args instanceof Refusal ? {} : args.all,
        at,
        status,
        ok: error === undefined && status === 200,
        ...(error === undefined ? {} : { error }),
        ...(ts === undefined ? {} : { ts }),
      }
      this.calls.push(call)
      this.#parts().announcer.announce('call', { call })
    }
    const fault = this.#parts().faults.take(method)
    const early = await broken(fault)
    if (early === 'cut') {
      record({ error: 'connection cut' }, 0)
      request.socket.destroy()
      return
    }
    const outcome = early ?? this.#outcome(area, name, request, body, args)
    if (fault !== undefined && 'cut' in fault) {
      record(outcome, 0)
      request.socket.destroy()
      return
    }
    record(outcome, outcome.answer.status)
    send(response, outcome.answer)
  }

  #outcome(area: string, name: string, request: IncomingMessage, body: Buffer, args: Arguments | Refusal): Outcome {
    try {
      if (request.method !== 'POST' && request.method !== 'GET')
        return { answer: { status: 405, body: 'method not allowed' }, error: 'status 405' }
      if (args instanceof Refusal) throw args
      if (area === 'upload') return this.#upload(name, fileContent(request, body))
      if (area === 'response') return this.#respond(name, args)
      return this.#call(name, request, args)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      if (area === 'api') assertDocumentedError(name, error.code)
      return refused(area, error)
    }
  }

  #upload(id: string, body: Buffer): Outcome {
    const { length } = this.#parts().here.uploads.receive(id, body)
    return { answer: { status: 200, body: `OK - ${length}` } }
  }

  #respond(id: string, args: Arguments): Outcome {
    checkDocumented(args, DOCUMENTED_RESPONSE)
    const { ts } = this.#parts().here.responseUrls.respond(id, args.all)
    return { answer: { status: 200, body: 'ok' }, ...(ts === undefined ? {} : { ts }) }
  }

  #call(name: string, request: IncomingMessage, args: Arguments): Outcome {
    const { here, tokens, postingLimit } = this.#parts()
    const method: Method | undefined = METHODS[name]
    if (method === undefined) throw new Refusal('unknown_method', { req_method: name })
    if (method.isPostOnly === true && request.method !== 'POST') throw new Refusal('insecure_request')
    checkToken(tokens, method, bearer(request), args.text('token'))
    const missing = method.scopes.filter((scope) => !here.scopes.has(scope))
    if (missing.length > 0)
      throw new Refusal('missing_scope', { needed: missing.join(','), provided: [...here.scopes].join(',') })
    checkDocumented(args, DOCUMENTED[name] ?? [])
    const wait = name === 'chat.postMessage' ? (postingLimit?.take(args.text('channel') ?? '') ?? 0) : 0
    if (wait > 0) return rateLimited(wait)
    const result = method.run(args, here)
    const headers = {
      ...(method.token === 'bot' ? { 'x-oauth-scopes': [...here.scopes].join(',') } : {}),
      ...(method.scopes.length > 0 ? { 'x-accepted-oauth-scopes': method.scopes.join(',') } : {}),
    }
    const ts = result.ts ?? result.message_ts
    return {
      answer: { status: 200, body: { ok: true, ...result }, headers },
      ...(typeof ts === 'string' ? { ts } : {}),
    }
  }
}

/** Slack's own clients add it to every call of an app that is installed to a workspace. */
const ADDED = 'team_id'

/** @throws Refusal `invalid_arguments` for an argument that Slack does not document, or that is of another type */
const checkDocumented = (args: Arguments, documented: readonly string[]): void => {
  const unknown = Object.keys(args.all).filter((name) => name !== ADDED && !documented.includes(name))
  if (unknown.length > 0)
    throw refusalWithReasons(
      'invalid_arguments',
      unknown.map((name) => `invalid additional property: ${name}`),
    )
  const wrong = ofWrongType(args.all)
  if (wrong.length > 0)
    throw refusalWithReasons(
      'invalid_arguments',
      wrong.map((name) => `invalid type: ${name}`),
    )
}

const readArguments = (method: string, request: IncomingMessage, body: Buffer): Arguments | Refusal => {
  if (method === 'upload') return new Arguments({ bytes: body.length })
  try {
    const query = Object.fromEntries(new URL(request.url ?? '/', 'http://localhost').searchParams)
    return new Arguments({ ...query, ...parseBody(request.headers['content-type'] ?? '', body.toString('utf8')) })
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

/** The file in an upload: the body itself, or the one part of a multipart form, as Slack's Node client sends it. */
const fileContent = (request: IncomingMessage, body: Buffer): Buffer => {
  const contentType = request.headers['content-type'] ?? ''
  if (!contentType.startsWith('multipart/form-data')) return body
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1]
  const start = body.indexOf('\r\n\r\n')
  const end = boundary === undefined ? -1 : body.indexOf(`\r\n--${boundary}`, start)
  if (start < 0 || end < 0) throw new Refusal('invalid_form_data')
  return body.subarray(start + 4, end)
}

const bearer = (request: IncomingMessage): string | undefined =>
  /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]

/** @throws Refusal `not_authed`, `missing_args`, `invalid_auth`, `not_allowed_token_type` */
const checkToken = (tokens: Tokens, method: Method, header: string | undefined, argument: string | undefined): void => {
  // "Passing it as a POST parameter will result in an error" (apps.connections.open).
  if (method.token === 'app' && header === undefined)
    throw new Refusal(argument === undefined ? 'missing_args' : 'invalid_auth')
  const token = header ?? argument
  if (token === undefined) throw new Refusal('not_authed')
  if (token !== tokens.botToken && token !== tokens.appToken) throw new Refusal('invalid_auth')
  if (token !== (method.token === 'bot' ? tokens.botToken : tokens.appToken))
    throw new Refusal('not_allowed_token_type')
}

/** Slack answers 200 to a refused API call, but 404 or 4xx to a refused response_url or upload. */
const refused = (area: string, refusal: Refusal): Outcome => {
  const body = { ok: false, error: refusal.code, ...refusal.facts }
  if (area === 'api') return { answer: { status: 200, body }, error: refusal.code }
  const isGone = ['expired_url', 'used_url', 'file_not_found', 'message_not_found'].includes(refusal.code)
  return {
    answer: { status: isGone ? 404 : 400, body: area === 'response' ? body : refusal.code },
    error: refusal.code,
  }
}

const rateLimited = (seconds: number): Outcome => ({
  answer: { status: 429, body: { ok: false, error: 'ratelimited' }, headers: { 'retry-after': String(seconds) } },
  error: 'ratelimited',
})

/** What a fault does before the call is looked at; nothing when the call goes on. */
const broken = async (fault: Fault | undefined): Promise<Outcome | 'cut' | undefined> => {
  if (fault === undefined) return undefined
  if ('delayMilliseconds' in fault) {
    await new Promise((resolve) => setTimeout(resolve, fault.delayMilliseconds))
    return undefined
  }
  if ('cut' in fault) return fault.cut === 'before' ? 'cut' : undefined
  if ('error' in fault) {
    const facts = fault.reasons === undefined ? {} : { response_metadata: { messages: fault.reasons } }
    return { answer: { status: 200, body: { ok: false, error: fault.error, ...facts } }, error: fault.error }
  }
  if (fault.status === 429) return rateLimited(fault.retryAfter)
  return { answer: { status: fault.status, body: 'upstream trouble' }, error: `status ${fault.status}` }
}

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BODY) throw new Error('The request body is too large.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const send = (response: ServerResponse, answer: Answer): void => {
  const isText = typeof answer.body === 'string'
  response.writeHead(answer.status, {
    'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8',
    ...answer.headers,
  })
  response.end(isText ? answer.body : JSON.stringify(answer.body))
}
