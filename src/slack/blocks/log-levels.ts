import type { ShownLevels } from '../../capabilities/log-levels.ts'
import { ztunnelLevelsText } from '../../leases/ztunnel-levels/levels.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { RunRecord } from '../../store/runs.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { cut } from './escape.ts'
import { fit } from './fit.ts'
import { bold, code, line, rich, text, type SlackMessage } from './rich.ts'
import { askedBy, subjectOf } from './running.ts'

/** Istio starts its proxies with this level. */
const USUAL = 'warning'
const MOST_PROXIES = 20

/** The level most loggers have, how many, and the others by name. */
function summary(levels: Readonly<Record<string, string>>): string {
  const others = Object.entries(levels).filter(([, level]) => level !== USUAL)
  const usual = Object.keys(levels).length - others.length
  const named = others
    .slice(0, 40)
    .map(([logger, level]) => `${logger}:${level}`)
    .join(', ')
  return others.length === 0
    ? `all ${usual} loggers at ${USUAL}`
    : `${named}${others.length > 40 ? ` and ${others.length - 40} more` : ''}; ${usual} others at ${USUAL}`
}

function shown(proxy: ShownLevels): string {
  if (!('levels' in proxy)) return `✗ not read: ${cut(proxy.says, 300)}`
  return proxy.serves === undefined
    ? summary(proxy.levels)
    : `${ztunnelLevelsText(proxy.levels)}\n${cut(proxy.serves, 500)}`
}

/** The log levels of a target's proxies: those that are not as usual by name, the rest counted. */
export function logLevelsMessage(
  proxies: readonly ShownLevels[],
  run: RunRecord,
  buttons: readonly ButtonSpec[],
): SlackMessage {
  const title = `Log levels of ${proxies.length} ${proxies.length === 1 ? 'proxy' : 'proxies'}`
  return fit(
    {
      text: title,
      blocks: [
        rich(line(bold(title), text('  '), code(subjectOf(run)))),
        ...proxies
          .slice(0, MOST_PROXIES)
          .map((proxy) => rich(line(code(formatRef(proxy.pod)), text(`\n${shown(proxy)}`)))),
        ...(proxies.length > MOST_PROXIES
          ? [rich(line(text(`and ${proxies.length - MOST_PROXIES} more proxies`)))]
          : []),
        rich(line(...askedBy(run))),
        ...buttonRow(buttons),
      ],
    },
    { hasFile: false },
  )
}
