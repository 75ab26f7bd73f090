import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { explain } from '../capture/capture-report.ts'
import { redact } from '../evidence/redaction.ts'
import { milliseconds } from '../mesh/duration.ts'
import { UserError } from '../mesh/user-error.ts'
import { visible } from '../mesh/visible.ts'
import { timelineJson } from '../report/timeline-json.ts'
import { rawLines } from '../report/timeline-lines.ts'
import { timelinePicture } from '../report/timeline-picture.ts'
import { packetsOf, type CapturedStreams } from '../report/timeline-packets.ts'
import { timelineText } from '../report/timeline-text.ts'
import { askedRequest } from '../timeline/asked-request.ts'
import { timelineOf, type Timeline } from '../timeline/timeline.ts'
import { EXIT } from './exit-codes.ts'
import { logFile } from './log-file.ts'
import { answer, remark } from './output.ts'

export interface TimelineOptions {
  file?: string[]
  capture?: string[]
  namespace?: string
  context?: string
  window?: string
  wait?: string
  requestId?: string
  status?: string
  path?: string
  lines?: string
  picture?: string
  output: 'text' | 'json'
}

const USAGE = ['mesh-medic timeline --file ingress.log --file sidecar.log', 'mesh-medic timeline catalog -n shop']

/** `mesh-medic timeline`: what happened to one request, from saved logs or those of a target's proxies; answers 0. */
export async function timeline(target: string | undefined, options: TimelineOptions): Promise<number> {
  const { file = [], wait } = options
  if (target === undefined && file.length === 0)
    throw new UserError({ why: 'Neither a target nor a log was given.', commands: USAGE })
  if (target !== undefined && file.length > 0)
    throw new UserError({ why: 'It is either a target or saved logs.', commands: USAGE })
  const asked = askedRequest(options, 'mesh-medic timeline catalog')
  if (target === undefined) {
    const found = await timelineOf(file.map(logFile), asked)
    await tell(found, await packetsIn(found, options), options)
    return EXIT.healthy
  }
  const { timelineOfTarget } = await import('./timeline-of-target.ts')
  const { timeline: found, notes } = await timelineOfTarget(target, asked, {
    ...options,
    patience: wait === undefined ? 0 : waitAsked(wait),
  })
  await tell(found, [...(await packetsIn(found, options)), ...notes], options)
  return EXIT.healthy
}

/** What captures that were made meanwhile show of it. @throws UserError for what is no capture */
async function packetsIn(found: Timeline, { capture = [] }: TimelineOptions): Promise<string[]> {
  if (capture.length === 0) return []
  const { readCapture } = await import('./capture.ts')
  const captures: CapturedStreams[] = []
  for (const file of capture) captures.push({ name: basename(file), streams: explain(await readCapture(file)).streams })
  const said = packetsOf(found, captures)
  return said.length > 0
    ? said
    : [`No stream of ${capture.map((file) => basename(file)).join(' and ')} has the ports of its connections.`]
}

/** Milliseconds. @throws UserError */
function waitAsked(text: string): number {
  const asked = milliseconds(text)
  if (asked !== undefined && asked > 0 && asked <= 3600_000) return asked
  throw new UserError({
    why: `${JSON.stringify(text.slice(0, 40))} is not a time of at most an hour.`,
    commands: ['mesh-medic timeline catalog --wait 2m'],
  })
}

async function tell(
  found: Timeline,
  notes: readonly string[],
  { lines, picture, output }: TimelineOptions,
): Promise<void> {
  if (lines !== undefined) await save(lines, rawLines(found), 'The lines of the request')
  if (picture !== undefined) await save(picture, redact(timelinePicture(found)), 'A picture of it (SVG)')
  const text = [timelineText(found), ...notes.map((note) => `${note}\n`)].join('')
  await answer(
    output === 'json' ? `${JSON.stringify({ ...timelineJson(found), notes }, null, 2)}\n` : visible(redact(text)),
  )
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
