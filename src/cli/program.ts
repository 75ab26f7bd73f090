import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { VERSION } from '../version.ts'
import { EXIT } from './exit-codes.ts'
import { explainFailure } from './failure.ts'
import { tolerateClosedPipes } from './output.ts'
import type { DiagnoseOptions } from './diagnose.ts'
import type { ShowOptions } from './status.ts'

function seconds(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0 || value > 3600) throw new InvalidArgumentError('It must be a number of seconds between 0 and 3600.')
  return value
}

const namespace = (): Option => new Option('-n, --namespace <namespace>', 'the namespace to look in (default: the only one that has the target)')
const context = (): Option => new Option('--context <context>', "the kubeconfig's context to use (default: its current one)")
const output = (...formats: string[]): Option => new Option('-o, --output <format>', 'how the answer is written').choices(formats).default('text')

/** Every command; `ended` hears each one's exit code. Commands load their code only when they run. */
export function program(ended: (exitCode: number) => void): Command {
  const all = new Command('mesh-medic')
    .description('Finds why a workload in an Istio mesh misbehaves, proves it, and says what to change.')
    .version(VERSION)
    .exitOverride()
    .addHelpText('after', `
Exit codes of diagnose, status and doctor:
  0 healthy   2 ill   3 unclear, not everything could be seen   64 bad usage   1 mesh-medic itself failed   130 cancelled

Examples:
  $ mesh-medic diagnose catalog -n istioinaction
  $ mesh-medic status
  $ mesh-medic doctor
`)
  all.command('diagnose')
    .summary('find out why a workload misbehaves')
    .description('Looks at a target through istioctl, the API server, its proxies and their logs, and names the cause. Changes nothing.')
    .argument('<target>', 'a service (catalog, catalog.shop), deploy/NAME, pod/NAME, a host or a URL')
    .addOption(namespace()).addOption(context()).addOption(output('text', 'json', 'markdown'))
    .option('--timeout <seconds>', 'how long one look may take; what takes longer is reported as not seen (default: 20)', seconds)
    .addHelpText('after', `
Examples:
  $ mesh-medic diagnose catalog -n istioinaction
  $ mesh-medic diagnose catalog.istioinaction -o json | jq .cause.finding
  $ mesh-medic diagnose deploy/catalog -n istioinaction --context staging
  $ mesh-medic diagnose http://catalog.istioinaction.io/items -o markdown > report.md
`)
    .action(async (target: string, options: DiagnoseOptions) => ended(await (await import('./diagnose.ts')).diagnose(target, options)))
  all.command('status')
    .summary('which proxies are in sync with istiod, and which are not')
    .description('Shows how every proxy stands with istiod: in sync, stale, having rejected configuration, or absent.')
    .argument('[namespace]', 'only proxies of this namespace')
    .addOption(context()).addOption(output('text', 'json'))
    .addHelpText('after', `
Examples:
  $ mesh-medic status
  $ mesh-medic status istioinaction -o json
`)
    .action(async (only: string | undefined, options: ShowOptions) => ended(await (await import('./status.ts')).status(only, options)))
  all.command('doctor')
    .summary('test what mesh-medic itself needs')
    .description('Tests the connection to the cluster, every permission needed, istioctl and Prometheus; says what to do about each failure.')
    .addOption(context()).addOption(output('text', 'json'))
    .addHelpText('after', `
Examples:
  $ mesh-medic doctor
  $ mesh-medic doctor --context staging
`)
    .action(async (options: ShowOptions) => ended(await (await import('./doctor.ts')).doctor(options)))
  const configuration = all.command('config').summary('look at the configuration').description('Looks at the configuration.')
  configuration.command('check')
    .summary('explain the configuration: where each value comes from and what is missing')
    .description('Explains the configuration: where each value comes from, and what is missing for which use. Secrets are not shown.')
    .addHelpText('after', `
Examples:
  $ mesh-medic config check
  $ MESH_MEDIC_CONFIG=mesh-medic.yaml mesh-medic config check
`)
    .action(async () => ended(await (await import('./config-check.ts')).configCheck()))
  all.command('serve')
    .summary('run the Slack bot')
    .description('Runs the Slack bot, its worker and the health server, until SIGTERM.')
    .addHelpText('after', `
Examples:
  $ SLACK_BOT_TOKEN=… SLACK_APP_TOKEN=… mesh-medic serve
`)
    .action(async () => ended(await (await import('../main.ts')).serve()))
  all.command('demo')
    .summary('try it with a recorded mesh: no cluster, no Slack')
    .description('Runs the bot against a stand-in for Slack and a recorded mesh, and shows the thread as it grows.')
    .addHelpText('after', `
Examples:
  $ mesh-medic demo
`)
    .action(async () => ended(await (await import('./demo.ts')).demo()))
  return all
}

/** Runs one command line; answers its exit code. */
export async function runProgram(args: readonly string[]): Promise<number> {
  tolerateClosedPipes()
  let exitCode: number = EXIT.healthy
  try {
    await program((code) => { exitCode = code }).parseAsync(args, { from: 'user' })
  } catch (error) {
    exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? EXIT.healthy : EXIT.usage) : await explainFailure(error)
  }
  return exitCode
}
