import { timeline, type TimelineAnswer } from '../../capabilities/timeline.ts'
import { timelineJson } from '../../report/timeline-json.ts'
import { rawLines } from '../../report/timeline-lines.ts'
import { timelinePicture, timelinePictureSays } from '../../report/timeline-picture.ts'
import { timelineHeadline, timelineText } from '../../report/timeline-text.ts'
import type { RunRecord } from '../../store/runs.ts'
import { userErrorOf } from '../access/user-error-of.ts'
import { clean, shorten } from '../blocks/escape.ts'
import { timelineMessage } from '../blocks/timeline.ts'
import { defineAnswer } from './answer.ts'
import { fileBase, fileText, type AnswerFile } from './file.ts'
import { picture } from './picture.ts'
import { deleteAnswerButton, fullReportButton } from './report-buttons.ts'
import { runAgainButton } from './run-buttons.ts'

/** Characters that describe a picture; Slack takes 1000. */
const MOST_ALT = 900

/** What happened to one request: the story, a picture, and in a file the table and the lines. */
export const timelineAnswer = defineAnswer(timeline, {
  doing: 'Looking for a request to',
  subject: ({ text }) => text,
  async shown({ records }, answer, run) {
    const { found } = answer
    return {
      message: timelineMessage(
        found,
        run,
        await Promise.all([
          runAgainButton(records, run),
          fullReportButton(records, run),
          deleteAnswerButton(records, run),
        ]),
      ),
      parts: [],
      file: () => readable(answer, run),
      picture: () => pictureOf(answer, run),
    }
  },
  full: { readable, json: ({ found: { timeline: found, ...rest } }) => ({ ...rest, ...timelineJson(found) }) },
  refused: (error, { text, status }) =>
    userErrorOf(error, text, (target) =>
      ['/mesh timeline', target, ...(status === undefined ? [] : [`--status ${status}`])].join(' '),
    ),
})

function readable({ found: { timeline: found, notes } }: TimelineAnswer, run: RunRecord): AnswerFile {
  const text = [timelineText(found), ...notes, '', rawLines(found)].join('\n')
  return { name: `${fileBase(run)}.txt`, title: 'The timeline and its lines', content: fileText(text) }
}

async function pictureOf({ found: { timeline: found } }: TimelineAnswer, run: RunRecord): Promise<AnswerFile> {
  return {
    name: `${fileBase(run)}.png`,
    title: shorten(clean(timelineHeadline(found)), 200),
    altText: shorten(clean(timelinePictureSays(found)), MOST_ALT),
    content: await picture(timelinePicture(found)),
  }
}
