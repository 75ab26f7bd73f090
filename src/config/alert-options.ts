import type { BotOptions } from '../bot.ts'
import type { Config } from '../config.ts'
import { defined } from '../mesh/defined.ts'
import { alertRoutingOf } from './alert-routing.ts'

/** How alerts are taken; undefined where nothing lets anybody send any, or no channel takes them. */
export function alertOptions(config: Config): BotOptions['alerts'] {
  const { token, basic, grafana, pagerDuty, mapping, alertmanager } = config.alerts
  const routing = alertRoutingOf(config)
  const isOpen = [token, basic, grafana, pagerDuty].some((one) => one !== undefined)
  if (!isOpen || routing.channels.length === 0) return undefined
  return {
    routing,
    secrets: defined({
      token: token?.reveal(),
      basic: basic?.reveal(),
      grafana: grafana?.reveal(),
      pagerDuty: pagerDuty?.reveal().split(','),
    }),
    ...defined({ mapping, alertmanager }),
  }
}
