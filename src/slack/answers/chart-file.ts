import type { Chart } from '../../report/chart.ts'
import { chartPicture } from '../../report/chart-picture.ts'
import type { RunRecord } from '../../store/runs.ts'
import { clean, shorten } from '../blocks/escape.ts'
import { fileBase, type AnswerFile } from './file.ts'
import { picture } from './picture.ts'

/** Characters that describe a picture; Slack takes 1000. */
const MOST_ALT = 900

/** A chart as a picture, described for those who cannot see it. */
export async function chartFile(chart: Chart, run: RunRecord): Promise<AnswerFile> {
  return {
    name: `${fileBase(run)}-${chart.name}.png`,
    title: shorten(clean(chart.title), 200),
    altText: shorten(clean(chart.says), MOST_ALT),
    content: await picture(chartPicture(chart)),
  }
}
