import { shownAccessLogs, type AccessLogsAnswer } from '../capabilities/access-logs.ts'
import { loadConfig } from '../config.ts'
import { isProviderName } from '../fixes/lent-telemetry.ts'
import { findWorkloads } from '../leases/access-logs/find-workloads.ts'
import { takenByProxies } from '../leases/access-logs/taken-by-proxies.ts'
import { prepareAccessLogs } from '../leases/access-logs/prepare.ts'
import { parseMinutes, usualMinutes } from '../leases/minutes.ts'
import { requireMinutes, type LeaseRequest } from '../leases/raise.ts'
import { formatRef } from '../mesh/ref.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { askedInTerminal } from './asked-in-terminal.ts'
import { UserError } from '../mesh/user-error.ts'
import { openClients } from './clients.ts'
import { connectionFor } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { holdLease } from './hold-lease.ts'
import { interruptible } from './interruption.ts'
import { answer } from './output.ts'

export interface AccessLogOptions {
  namespace?: string
  context?: string
  output: 'text' | 'json'
  /** As typed: `10m`. */
  for?: string
  provider?: string
}

/**
 * `mesh-medic access-log`: shows which workloads of a target log their requests; with `on`, turns on the access logs of one, waits, and puts them back at the
 * end of the time, on Ctrl-C and on SIGTERM. Answers the exit code: 3 when something could not be read, turned on or put back.
 */
export async function accessLog(target: string, word: string | undefined, options: AccessLogOptions): Promise<number> {
  if (word === undefined) return show(target, options)
  if (word.toLowerCase() !== 'on')
    throw new UserError({
      why: `${JSON.stringify(word.slice(0, 60))} is not "on".`,
      commands: ['mesh-medic access-log TARGET on --for 10m'],
    })
  return turnOnInTerminal(target, options)
}

async function show(target: string, { namespace, context, output, ...others }: AccessLogOptions): Promise<number> {
  if (others.for !== undefined || others.provider !== undefined)
    throw new UserError({ why: '--for and --provider go with "on": access logs are turned on by it alone.' })
  const query = parseTarget(target, namespace)
  const { connection, limits } = connectionFor(context)
  const controller = interruptible()
  const { stepTimeout, concurrency } = limits
  const clients = openClients(connection, controller)
  const shown = shownAccessLogs(
    await findWorkloads(query, clients, { signal: controller.signal, stepTimeout, concurrency }),
  )
  const { workloads, providers } = shown
  await answer(output === 'json' ? `${JSON.stringify({ workloads, providers }, null, 2)}\n` : shownText(shown))
  return workloads.every(({ isOn }) => isOn !== undefined) ? EXIT.healthy : EXIT.unclear
}

function shownText({ workloads, providers }: AccessLogsAnswer): string {
  const lines = workloads.map(({ workload, isOn, says = 'no proxy answered', pods }) => {
    const count = `${pods} ${pods === 1 ? 'proxy' : 'proxies'}`
    return `${formatRef(workload)}: ${isOn === undefined ? `not known: ${says}` : isOn ? `logs requests (${count})` : `logs no requests (${count})`}`
  })
  const named = providers.length === 0 ? [] : [`Providers that print to the proxies' output: ${providers.join(', ')}`]
  return `${[...lines, ...named].join('\n')}\n`
}

async function turnOnInTerminal(target: string, options: AccessLogOptions): Promise<number> {
  const { namespace, provider } = options
  if (provider !== undefined && !isProviderName(provider))
    throw new UserError({ why: `${JSON.stringify(provider.slice(0, 60))} is not the name of a provider.` })
  const query = parseTarget(target, namespace)
  const { leases } = loadConfig(process.env).policy
  const minutes = options.for === undefined ? usualMinutes(leases.minutes) : parseMinutes(options.for)
  requireMinutes(minutes, leases.minutes)
  const { connection, limits } = connectionFor(options.context)
  const controller = interruptible()
  const { signal } = controller
  const clients = openClients(connection, controller)
  const { stepTimeout, concurrency } = limits
  const request = async (id: string): Promise<LeaseRequest> => {
    const found = await prepareAccessLogs(query, clients, { provider, signal, stepTimeout, concurrency })
    return {
      ...askedInTerminal(id, found.target, { text: target, namespace }),
      kind: 'access-logs',
      settings: found.settings,
      minutes,
      pods: found.pods,
      workload: found.workload,
      notes: found.notes,
    }
  }
  const seen = ({ pods }: LeaseRequest): Promise<string | undefined> => takenByProxies(pods, clients, { signal })
  return holdLease({ clients, connection, output: options.output }, request, signal, { seen })
}
