import type { FollowReport } from '../../diagnosis/follow/report.ts'
import { markOf, OUTCOMES } from '../../report/follow-text.ts'
import { pathPicture } from '../../report/path-picture.ts'
import type { RunRecord } from '../../store/runs.ts'
import { clean, shorten } from '../blocks/escape.ts'
import { fileBase, type AnswerFile } from './file.ts'
import { picture } from './picture.ts'

/** Characters that describe a picture; Slack takes 1000. */
const MOST_ALT = 900

/** The path of a request as a picture, described for those who cannot see it. */
export async function pictureFile(report: FollowReport, run: RunRecord): Promise<AnswerFile> {
  const says = `${OUTCOMES[report.outcome]}: ${report.headline}`
  return {
    name: `${fileBase(run)}.png`,
    title: shorten(clean(says), 200),
    altText: shorten(
      clean(`${says} ${report.hops.map((hop) => `${markOf(hop)} ${hop.stage} ${hop.name}`).join(', ')}`),
      MOST_ALT,
    ),
    content: await picture(pathPicture(report)),
  }
}
