import { existsSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { UserError } from '../../mesh/user-error.ts'
import { FORMAT, FORMAT_VERSION, formatRecording, Recording } from './recording-format.ts'

/** The name of a recording in a folder that is one. */
const IN_FOLDER = 'recording.json'
const GZIP = [0x1f, 0x8b] as const
/** How the text of a recording begins, of this format and of the one before versions. */
const BEGINS = [`{"format":"${FORMAT}"`, '{"madeAt":']

/** A file that cannot be replayed, or not be written. */
export class RecordingFileError extends UserError {
  constructor(why: string, remedies: readonly string[] = [], cause?: unknown) {
    super({ why, remedies }, { code: 'recording', cause })
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

function bytesOf(path: string): Buffer {
  let isFolder = false
  try {
    isFolder = statSync(path).isDirectory()
    return readFileSync(isFolder ? join(path, IN_FOLDER) : path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && isFolder)
      throw new RecordingFileError(
        `${path} is a folder without a ${IN_FOLDER}.`,
        ['Name the file that `mesh-medic diagnose TARGET --record FILE` wrote.'],
        error,
      )
    if (codeOf(error) === 'ENOENT') throw new RecordingFileError(`There is no file ${path}.`, [], error)
    throw new RecordingFileError(`${path} could not be read: ${(error as Error).message}.`, [], error)
  }
}

const truncated = (path: string, bytes: number, cause: unknown): RecordingFileError =>
  new RecordingFileError(
    `${path} is truncated: it begins as a recording and ends in the middle, after ${bytes} bytes.`,
    ['Copy it again, or record again.'],
    cause,
  )
const notRecording = (path: string, why: string, cause?: unknown): RecordingFileError =>
  new RecordingFileError(
    `${path} is not a recording: ${why}.`,
    ['`mesh-medic diagnose TARGET --record FILE` makes one.'],
    cause,
  )

function textOf(path: string, bytes: Buffer): string {
  if (bytes[0] !== GZIP[0] || bytes[1] !== GZIP[1]) return bytes.toString('utf8')
  try {
    return gunzipSync(bytes).toString('utf8')
  } catch (error) {
    if (codeOf(error) === 'Z_BUF_ERROR') throw truncated(path, bytes.length, error)
    throw notRecording(path, 'it is compressed, and damaged', error)
  }
}

/**
 * Reads a recording: a file, compressed or not, or a folder with a `recording.json`.
 *
 * @throws {RecordingFileError} when there is none, or not one that can be read
 */
export function readRecording(path: string): Recording {
  const bytes = bytesOf(path)
  const text = textOf(path, bytes)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (BEGINS.some((begin) => text.startsWith(begin))) throw truncated(path, bytes.length, error)
    throw notRecording(path, bytes.length === 0 ? 'it is empty' : 'it is not JSON', error)
  }
  const { format, version, madeBy } = (value ?? {}) as Record<string, unknown>
  if (format === FORMAT && typeof version === 'number' && version > FORMAT_VERSION)
    throw new RecordingFileError(
      `${path} has version ${version} of the format${typeof madeBy === 'string' ? `, made by mesh-medic ${madeBy}` : ''}; this mesh-medic reads versions up to ${FORMAT_VERSION}.`,
      ['Update mesh-medic.'],
    )
  const { success, data, error } = Recording.safeParse(value)
  if (success) return data
  if (format !== FORMAT && !BEGINS.some((begin) => text.startsWith(begin)))
    throw notRecording(path, 'it is JSON of another kind', error)
  const [issue] = error.issues
  throw notRecording(path, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, error)
}

/**
 * Writes a recording into one file, compressed when its name ends in `.gz`; nobody but its owner may read it. Answers its size in bytes.
 *
 * @throws {RecordingFileError} when it can't be written
 */
export function writeRecording(path: string, recording: Recording): number {
  const text = formatRecording(recording)
  const bytes = path.endsWith('.gz') ? gzipSync(text) : Buffer.from(text)
  // Beside the file itself, not beside a link to it.
  const file = existsSync(path) ? realpathSync(path) : path
  const unfinished = `${file}.${process.pid}.unfinished`
  try {
    writeFileSync(unfinished, bytes, { mode: 0o600 })
    renameSync(unfinished, file)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw new RecordingFileError(`${path} could not be written: ${(error as Error).message}.`, [], error)
  }
  return bytes.length
}
