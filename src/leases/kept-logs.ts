import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { z } from 'zod'
import type { Records } from '../store/records.ts'
import type { LeaseLog } from './lease-log.ts'

const COLLECTION = 'lease-logs'
/** As long as answers. */
const KEPT_SECONDS = 7 * 24 * 3600
/** Bytes of all logs of a lease after compression; of more, the newest lines of each are kept. */
const MOST_BYTES = 4 * 1024 * 1024
/** Text is at least so much shorter when it is compressed. */
const PACKED = 4

const Kept = z.object({ gzip: z.base64() })
const Logs = z.array(z.object({ name: z.string(), title: z.string(), content: z.string() }))
export type KeptLog = z.infer<typeof Logs>[number]

const pack = promisify(gzip)
const unpack = promisify(gunzip)

/**
 * Keeps the logs of a lease, so that they can be read when their pods, and the files in Slack, are gone.
 * @returns what is kept: names and bytes, and whether it was cut
 */
export async function keepLogs(
  records: Records,
  lease: string,
  files: readonly Pick<LeaseLog, 'name' | 'title' | 'content'>[],
): Promise<{ name: string; bytes: number; isCut: boolean }[]> {
  if (files.length === 0) return []
  for (let most = (MOST_BYTES * PACKED) / files.length; ; most /= 2) {
    const logs = files.map(({ name, title, content }) => ({ name, title, content: newest(content, most) }))
    const packed = await pack(JSON.stringify(logs))
    if (packed.length > MOST_BYTES) continue
    await records.write(COLLECTION, lease, { gzip: packed.toString('base64') }, { expiresInSeconds: KEPT_SECONDS })
    return logs.map(({ name, content }, index) => ({
      name,
      bytes: Buffer.byteLength(content),
      isCut: content !== files[index]?.content,
    }))
  }
}

/** The last lines of a text, which together are not longer. */
function newest(text: string, most: number): string {
  if (text.length <= most) return text
  const from = text.indexOf('\n', Math.ceil(text.length - most)) + 1
  return `# cut: its newest lines\n${text.slice(from === 0 ? text.length : from)}`
}

/** The logs that are kept of a lease; none when they have expired or were deleted. */
export async function readKeptLogs(records: Records, lease: string): Promise<KeptLog[]> {
  const stored = await records.read(COLLECTION, lease)
  if (stored === undefined) return []
  const text = await unpack(Buffer.from(Kept.parse(stored.value).gzip, 'base64'))
  return Logs.parse(JSON.parse(text.toString('utf8')))
}

/** Whether logs of a lease are kept. */
export const hasKeptLogs = async (records: Records, lease: string): Promise<boolean> =>
  (await records.read(COLLECTION, lease)) !== undefined

/** Deletes them. @returns false when none were kept */
export const forgetLogs = (records: Records, lease: string): Promise<boolean> => records.remove(COLLECTION, lease)
