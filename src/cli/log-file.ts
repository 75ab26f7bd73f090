import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { UserError } from '../mesh/user-error.ts'
import type { LogBytes } from '../timeline/log-bytes.ts'

const PIECE = 1024 * 1024

/** A saved log, read in pieces. @throws UserError where it cannot be read */
export async function logFile(path: string): Promise<LogBytes> {
  try {
    const { size } = await stat(path)
    const file = await open(path, 'r')
    await file.close()
    return {
      name: basename(path).replace(/\.(?:log|txt|json)$/, ''),
      size,
      read: (from, to) => piecesOf(path, from, Math.min(to, size)),
    }
  } catch (error) {
    throw new UserError(
      { why: `${path} could not be read: ${error instanceof Error ? error.message : String(error)}` },
      { cause: error },
    )
  }
}

async function* piecesOf(path: string, from: number, to: number): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r')
  const piece = Buffer.allocUnsafe(Math.min(PIECE, Math.max(1, to - from)))
  try {
    for (let at = from; at < to;) {
      const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, to - at), at)
      if (bytesRead === 0) return
      yield piece.subarray(0, bytesRead)
      at += bytesRead
    }
  } finally {
    await file.close()
  }
}
