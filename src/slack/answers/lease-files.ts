import { readKeptLogs } from '../../leases/kept-logs.ts'
import type { Records } from '../../store/records.ts'
import type { RunRecord } from '../../store/runs.ts'
import { fileBase, fileText, type AnswerFile } from './file.ts'

/** The full report of a lease: which it is; what is kept of its logs is beside it. */
export const leaseReadable = (lease: string, run: RunRecord): AnswerFile => ({
  name: `${fileBase(run)}.txt`,
  title: 'The lease',
  content: fileText(
    `Lease ${lease} on ${run.request.text}. What its proxies logged meanwhile, as far as it is still kept, is in the other files: redacted, the newest lines of each.\n`,
  ),
})

/** The logs that are kept of a lease. */
export const leaseLogFiles = async (records: Records, lease: string): Promise<AnswerFile[]> =>
  (await readKeptLogs(records, lease)).map(({ content, ...file }) => ({ ...file, content: fileText(content) }))
