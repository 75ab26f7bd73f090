import { writeFile } from 'node:fs/promises'
import { redact, withoutSecrets } from '../evidence/redaction.ts'
import { defined } from '../mesh/defined.ts'
import { UserError } from '../mesh/user-error.ts'
import { visible } from '../mesh/visible.ts'
import { rawLines } from '../report/timeline-lines.ts'
import { timelinePicture } from '../report/timeline-picture.ts'
import { timelineText } from '../report/timeline-text.ts'
import type { AskedRequest } from '../timeline/find-requests.ts'
import { timelineOf } from '../timeline/timeline.ts'
import { EXIT } from './exit-codes.ts'
import { logFile } from './log-file.ts'
import { answer, remark } from './output.ts'

export interface TimelineOptions {
  file?: string[]
  requestId?: string
  status?: string
  path?: string
  lines?: string
  picture?: string
  output: 'text' | 'json'
}

const USAGE = 'mesh-medic timeline --file ingress.log --file sidecar.log'

/** `mesh-medic timeline`: what happened to one request, from saved logs; answers 0. */
export async function timeline(target: string | undefined, options: TimelineOptions): Promise<number> {
  const { file = [], lines, picture, output } = options
  if (target !== undefined || file.length === 0) throw new UserError({ why: 'No log was given.', commands: [USAGE] })
  const asked = askedRequest(options)
  const found = await timelineOf(await Promise.all(file.map(logFile)), asked)
  if (lines !== undefined) await save(lines, rawLines(found), 'The lines of the request')
  if (picture !== undefined) await save(picture, redact(timelinePicture(found)), 'A picture of it (SVG)')
  await answer(
    output === 'json' ? `${JSON.stringify(withoutSecrets(found), null, 2)}\n` : visible(redact(timelineText(found))),
  )
  return EXIT.healthy
}

/** Writes a file and says so. @throws UserError where it cannot be written */
async function save(path: string, content: string, what: string): Promise<void> {
  try {
    await writeFile(path, content)
  } catch (error) {
    throw new UserError(
      { why: `${path} could not be written: ${error instanceof Error ? error.message : String(error)}` },
      { cause: error },
    )
  }
  remark(`${what}: ${path}`)
}

/** What was asked for. @throws UserError */
function askedRequest({ requestId, status, path }: TimelineOptions): AskedRequest {
  const code = status === undefined ? undefined : Number(status)
  if (code !== undefined && !(Number.isInteger(code) && (code === 0 || (code >= 100 && code <= 599))))
    throw new UserError({
      why: `${JSON.stringify(status)} is no status of HTTP.`,
      remedies: ['Give a number from 100 to 599, or 0 for requests whose caller went away.'],
    })
  if (requestId !== undefined && !/^[\w.:-]{1,200}$/.test(requestId))
    throw new UserError({ why: `${JSON.stringify(requestId.slice(0, 60))} is no request id.` })
  return defined({ requestId, status: code, path })
}
