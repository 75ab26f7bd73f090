import { fstatSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { UserError } from '../mesh/user-error.ts'
import type { LogBytes } from '../timeline/log-bytes.ts'

/**
 * A saved log. It stays open until the process ends, and is read while nothing else goes on: that is the fastest way through a gigabyte.
 *
 * @throws UserError where it cannot be read
 */
export function logFile(path: string): LogBytes {
  try {
    const file = openSync(path, 'r')
    const status = fstatSync(file)
    if (!status.isFile()) throw new Error('it is no file')
    return {
      name: basename(path).replace(/\.(?:log|txt|json)$/, ''),
      size: status.size,
      read: (target, from) => Promise.resolve(readSync(file, target, 0, target.length, from)),
    }
  } catch (error) {
    throw new UserError(
      { why: `${path} could not be read: ${error instanceof Error ? error.message : String(error)}` },
      { cause: error },
    )
  }
}
