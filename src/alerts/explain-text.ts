import { visible } from '../mesh/visible.ts'
import type { AlertNotification } from './alert.ts'
import type { ExplainedAlert } from './explain.ts'
import { withoutTarget } from './explain.ts'

/** Characters of one line. */
const MOST = 500
const short = (text: string): string => {
  const line = visible(text.replaceAll(/\s*[\r\n\t]\s*/g, ' '))
  return line.length > MOST ? `${line.slice(0, MOST)}…` : line
}

/** What becomes of the alerts of a notification, as a terminal shows it. */
export function explainText(
  { source, receiver, noNews, truncated }: AlertNotification,
  explained: readonly ExplainedAlert[],
): string {
  if (noNews !== undefined)
    return `${short(`${source}: ${noNews} is no news of an incident; nothing would be posted.`)}\n`
  const head = `${source}, receiver ${receiver === '' ? 'not told' : receiver}: ${explained.length} ${explained.length === 1 ? 'alert' : 'alerts'}${truncated > 0 ? `, ${truncated} more left out by the sender` : ''}`
  return `${[short(head), ...explained.flatMap((one) => ['', ...linesOf(one).map(short)])].join('\n')}\n`
}

function linesOf(one: ExplainedAlert): string[] {
  const { alert, target, symptom, route } = one
  const ended = alert.endsAt === undefined ? '' : `, ended ${alert.endsAt}`
  const signs = [...symptom.flags, ...symptom.codes]
  return [
    `${alert.name} (${alert.status} since ${alert.startsAt}${ended})`,
    ...targetLines(one),
    ...(target?.caller === undefined ? [] : [`  caller   ${target.caller}`]),
    ...(signs.length === 0 ? [] : [`  symptom  ${signs.join(', ')}`]),
    `  cluster  ${route.elsewhere ?? route.cluster ?? 'not named'}`,
    ...(route.owner === undefined ? [] : [`  owner    ${route.owner}`]),
    `  channel  ${route.channel ?? 'none'}: ${route.why}`,
  ]
}

function targetLines(one: ExplainedAlert): string[] {
  const { target, tried } = one
  if (target !== undefined) {
    const before =
      tried.length === 0 ? [] : [`  before   ${tried.map(({ looked, why }) => `${looked}: ${why}`).join('; ')}`]
    return [
      `  target   ${target.text}${target.namespace === undefined ? '' : ` -n ${target.namespace}`}, by rule ${target.rank}: ${target.by}`,
      ...before,
    ]
  }
  const { why, tried: all, remedy } = withoutTarget(one)
  return [`  target   none. ${why}`, ...all.map((each) => `  tried    ${each}`), `  remedy   ${remedy}`]
}
