import { defined } from '../mesh/defined.ts'
import { UserError } from '../mesh/user-error.ts'
import type { AskedRequest } from './find-requests.ts'

/** A request as it is typed: `--request-id`, `--status`, `--path`. */
export interface TypedRequest {
  requestId?: string | undefined
  status?: string | undefined
  path?: string | undefined
}

const REQUEST_ID = /^[\w.:-]{1,200}$/

/** Which request is meant. @throws UserError for what is no id, no status or no path */
export function askedRequest({ requestId, status, path }: TypedRequest, command: string): AskedRequest {
  const code = status === undefined ? undefined : Number(status)
  if (code !== undefined && !(Number.isInteger(code) && (code === 0 || (code >= 100 && code <= 599))))
    throw new UserError({
      why: `${JSON.stringify(status?.slice(0, 40))} is no status of HTTP.`,
      remedies: ['Give a number from 100 to 599, or 0 for requests whose caller went away.'],
      commands: [`${command} --status 504`],
    })
  if (requestId !== undefined && !REQUEST_ID.test(requestId))
    throw new UserError({
      why: `${JSON.stringify(requestId.slice(0, 60))} is no request id.`,
      remedies: ['It is the header x-request-id, which the access log shows too.'],
    })
  if (path !== undefined && !path.startsWith('/'))
    throw new UserError({
      why: `${JSON.stringify(path.slice(0, 60))} is no path: it begins with a slash.`,
      commands: [`${command} --path /items`],
    })
  return defined({ requestId, status: code, path })
}
