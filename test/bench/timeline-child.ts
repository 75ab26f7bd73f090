/** Tells one request from a big log; prints how and how much memory it took. Started by timeline.ts, so that memory is this process's own. */
import { logFile } from '../../src/cli/log-file.ts'
import { timelineStory } from '../../src/report/timeline-text.ts'
import { timelineOf } from '../../src/timeline/timeline.ts'

const [path = '', requestId] = process.argv.slice(2)
const found = await timelineOf([logFile(path)], requestId === undefined ? {} : { requestId })
const { legs, matching } = found
console.log(
  JSON.stringify({
    connection: legs[0]?.id.connection,
    story: timelineStory(found).length,
    failed: matching?.count,
    megabytes: (process.resourceUsage().maxRSS * 1024) / 1e6,
  }),
)
