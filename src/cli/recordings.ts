import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { FollowQuestion } from '../diagnosis/follow/question.ts'
import type { Clients } from '../evidence/clients/clients.ts'
import { RecordingFileError, readRecording, writeRecording } from '../evidence/clients/recording-file.ts'
import type { Asked } from '../evidence/clients/recording-format.ts'
import { recordClients, replayClients } from '../evidence/clients/recording.ts'
import { redact } from '../evidence/redaction.ts'
import type { TargetQuery } from '../mesh/target-query.ts'
import { VERSION } from '../version.ts'
import { Interruption } from './interruption.ts'
import { remark } from './output.ts'

/** Where what is read is kept, and what it is replayed from. */
export interface RecordingOptions {
  record?: string
  replay?: string
}

const redacted = (value: unknown): Record<string, unknown> =>
  JSON.parse(redact(JSON.stringify(value))) as Record<string, unknown>
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
/** The words of a command line, those that were given. */
const line = (words: readonly (string | readonly [flag: string, word: string | undefined])[]): string =>
  redact(
    words
      .flatMap((word) =>
        typeof word === 'string' ? [quoted(word)] : word[1] === undefined ? [] : [`${word[0]} ${quoted(word[1])}`],
      )
      .join(' '),
  )

/** What a diagnosis is asked, as a recording keeps it. */
export function askedToDiagnose(query: TargetQuery, namespace: string | undefined): Asked {
  const { text, ...question } = query
  return {
    command: 'diagnose',
    words: line([
      text,
      ['-n', namespace],
      ['--window', query.window === undefined ? undefined : `${query.window / 1000}s`],
    ]),
    question: redacted(question),
  }
}

/** What `follow` is asked, as a recording keeps it. */
export function askedToFollow({ text, headers, ...question }: FollowQuestion, from: string | undefined): Asked {
  const words = line([
    text,
    ['-n', question.namespace],
    ['--from', from],
    ['--method', question.method === 'GET' ? undefined : question.method],
    ...[...headers].map(([name, value]) => ['--header', `${name}=${value}`] as const),
  ])
  return {
    command: 'follow',
    words,
    question: redacted({ ...question, headers: Object.fromEntries(headers) }),
  }
}

/**
 * The clients of a recording.
 *
 * @throws {RecordingFileError} when it is none, or was made of another question
 */
export function replayedClients(path: string, asked: Asked): Clients {
  const recording = readRecording(path)
  const held = recording.asked
  if (held !== undefined) {
    const heldLine = `\`mesh-medic ${held.command} ${held.words}\``
    if (held.command === asked.command && !isDeepStrictEqual(held.question, asked.question))
      throw new RecordingFileError(`${path} does not hold \`${asked.words}\`: it was recorded by ${heldLine}.`, [
        `Replay that: \`mesh-medic ${held.command} ${held.words} --replay ${path}\`.`,
      ])
    if (held.command === 'follow' && asked.command === 'diagnose')
      throw new RecordingFileError(
        `${path} holds the way of one request and not a diagnosis: it was recorded by ${heldLine}.`,
        [`Replay that: \`mesh-medic follow ${held.words} --replay ${path}\`.`],
      )
    if (held.command !== asked.command)
      remark(`${path} was recorded by ${heldLine}; what it does not hold is reported as not seen.`)
  }
  if (recording.madeBy !== undefined && recording.madeBy !== VERSION)
    remark(`${path} was made by mesh-medic ${recording.madeBy}; this is ${VERSION}, which may judge otherwise.`)
  return replayClients(recording, { shared: true })
}

/** Says at once, and not after the looks, that a file could not be written. @throws {RecordingFileError} */
function requireWritable(path: string): void {
  if (!existsSync(dirname(path))) throw new RecordingFileError(`There is no folder ${dirname(path)}.`)
  if (existsSync(path) && statSync(path).isDirectory())
    throw new RecordingFileError(`${path} is a folder: name a file.`)
}

/**
 * Does something with clients whose answers are kept in a file. The file is written also when what was asked could not be answered, but not when it was cancelled.
 *
 * @throws {RecordingFileError} when it can't be written
 */
export async function recorded<T>(
  path: string,
  clients: Clients,
  asked: Asked,
  act: (clients: Clients) => Promise<T>,
): Promise<T> {
  requireWritable(path)
  const { clients: recording, recording: kept } = recordClients(clients, { madeBy: VERSION, asked })
  const write = (): void => {
    const bytes = writeRecording(path, kept)
    remark(
      `Recorded what was read, redacted, in ${path} (${kept.calls.length} answers, ${(bytes / 1024).toFixed(0)} KiB). It holds names, addresses and configuration of the mesh: look through it before you share it.`,
    )
  }
  try {
    const answer = await act(recording)
    write()
    return answer
  } catch (error) {
    if (!(error instanceof Interruption) && !(error instanceof RecordingFileError)) write()
    throw error
  }
}
