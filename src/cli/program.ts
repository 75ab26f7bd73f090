import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { VERSION } from '../version.ts'
import { EXIT } from './exit-codes.ts'
import { explainFailure } from './failure.ts'
import { tolerateClosedPipes } from './output.ts'
import type { DiagnoseOptions } from './diagnose.ts'
import type { FollowOptions } from './follow.ts'
import type { LogLevelOptions } from './log-level.ts'
import type { ShowOptions } from './status.ts'

function seconds(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0 || value > 3600)
    throw new InvalidArgumentError('It must be a number of seconds between 0 and 3600.')
  return value
}

const namespace = (): Option =>
  new Option('-n, --namespace <namespace>', 'the namespace to look in (default: the only one that has the target)')
const context = (): Option =>
  new Option('--context <context>', "the kubeconfig's context to use (default: its current one)")
const output = (...formats: string[]): Option =>
  new Option('-o, --output <format>', 'how the answer is written').choices(formats).default('text')

/** Every command; `ended` hears each one's exit code. Commands load their code only when they run. */
export function program(ended: (exitCode: number) => void): Command {
  const all = new Command('mesh-medic')
    .description('Finds why a workload in an Istio mesh misbehaves, proves it, and says what to change.')
    .version(VERSION)
    .exitOverride()
    .addHelpText(
      'after',
      `
Exit codes of diagnose, follow, status and doctor:
  0 healthy (follow: arrives)   2 ill (follow: dies)   3 unclear, not everything could be seen   64 bad usage   1 mesh-medic itself failed   130 cancelled

Examples:
  $ mesh-medic diagnose catalog -n istioinaction
  $ mesh-medic status
  $ mesh-medic doctor
`,
    )
  all
    .command('diagnose')
    .summary('find out why a workload misbehaves')
    .description(
      'Looks at a target through istioctl, the API server, its proxies and their logs, and names the cause. Changes nothing; sends nothing unless --probe is given.',
    )
    .argument('<target>', 'a service (catalog, catalog.shop), deploy/NAME, pod/NAME, a host or a URL')
    .addOption(namespace())
    .addOption(context())
    .addOption(output('text', 'json', 'markdown'))
    .option(
      '--timeout <seconds>',
      'how long one look may take; what takes longer is reported as not seen (default: 20)',
      seconds,
    )
    .option('-v, --verbose', 'list every class of requests that was followed too')
    .option(
      '--probe',
      'send a GET or HEAD through the gateway for kinds of requests that nobody was seen to make (default: send nothing)',
    )
    .addHelpText(
      'after',
      `
What --probe does:
  Without it nothing is sent, and where no traffic is, only configuration can tell. With it, for each kind of request that comes by a gateway
  and was not seen, one GET or HEAD goes through a port-forward to the gateway's own pod, and is then looked for in the access logs. At most 8
  requests; what is sent, and what is not and why, is said on standard error before it happens. Requests between workloads are not probed.
  It takes the right to create pods/portforward. The application gets a real request, with the header x-mesh-medic-probe.

Examples:
  $ mesh-medic diagnose catalog -n istioinaction
  $ mesh-medic diagnose catalog -n istioinaction --probe
  $ mesh-medic diagnose catalog.istioinaction -o json | jq .cause.finding
  $ mesh-medic diagnose deploy/catalog -n istioinaction --context staging
  $ mesh-medic diagnose http://catalog.istioinaction.io/items -o markdown > report.md
`,
    )
    .action(async (target: string, options: DiagnoseOptions) =>
      ended(await (await import('./diagnose.ts')).diagnose(target, options)),
    )
  all
    .command('follow')
    .summary('follow one request through the proxies, and say where it dies')
    .description(
      "Follows a request through its caller's live Envoy (listener, route, cluster, endpoints), then through the callee's, down to the pods. Sends nothing.",
    )
    .argument('<host>', 'HOST[:PORT][/PATH] or a URL, as the caller would write it')
    .addOption(namespace())
    .addOption(context())
    .addOption(output('text', 'json'))
    .option(
      '--from <caller>',
      'whose request: ingress, deploy/NAME or pod/NAME (default: ingress when a Gateway takes the host, else a workload of the namespace)',
    )
    .option('--method <method>', "the request's method (default: GET)")
    .option(
      '--header <name=value>',
      'a header of the request; may be given several times',
      (header: string, before: string[] | undefined) => [...(before ?? []), header],
    )
    .addHelpText(
      'after',
      `
Exit codes:
  0 arrives   2 dies   3 unclear: it depends on what is not known, or not everything could be seen   64 bad usage   1 mesh-medic itself failed

Examples:
  $ mesh-medic follow catalog.istioinaction.io/items --from ingress
  $ mesh-medic follow catalog.istioinaction/items --from deploy/webapp -n istioinaction
  $ mesh-medic follow https://shop.example.com/cart --method POST --header x-canary=yes
  $ mesh-medic follow catalog.istioinaction.io/items -o json | jq '.dies, .clusters'
`,
    )
    .action(async (host: string, options: FollowOptions) =>
      ended(await (await import('./follow.ts')).follow(host, options)),
    )
  all
    .command('status')
    .summary('which proxies are in sync with istiod, and which are not')
    .description('Shows how every proxy stands with istiod: in sync, stale, having rejected configuration, or absent.')
    .argument('[namespace]', 'only proxies of this namespace')
    .addOption(context())
    .addOption(output('text', 'json'))
    .addHelpText(
      'after',
      `
Examples:
  $ mesh-medic status
  $ mesh-medic status istioinaction -o json
`,
    )
    .action(async (only: string | undefined, options: ShowOptions) =>
      ended(await (await import('./status.ts')).status(only, options)),
    )
  all
    .command('doctor')
    .summary('test what mesh-medic itself needs')
    .description(
      'Tests the connection to the cluster, every permission needed, istioctl and Prometheus; says what to do about each failure.',
    )
    .addOption(context())
    .addOption(output('text', 'json'))
    .addHelpText(
      'after',
      `
Examples:
  $ mesh-medic doctor
  $ mesh-medic doctor --context staging
`,
    )
    .action(async (options: ShowOptions) => ended(await (await import('./doctor.ts')).doctor(options)))
  all
    .command('log-level')
    .summary('show the log levels of proxies, or raise some for a while')
    .description(
      "Shows the log levels of a target's proxies. With levels it sets them, waits, and puts exactly the former ones back: at the end of the time, on Ctrl-C and on SIGTERM. What was there is stored before, so that the next start puts it back when this process dies.",
    )
    .argument('<target>', 'a service (catalog, catalog.shop), deploy/NAME or pod/NAME')
    .argument('[levels...]', 'loggers and their levels: http:debug,router:debug')
    .addOption(namespace())
    .addOption(context())
    .addOption(output('text', 'json'))
    .option('--for <time>', 'how long: 90s, 10m (default: 10m)')
    .option('--pods <number>', 'on how many of the proxies (default: all, up to the limit)', Number)
    .addHelpText(
      'after',
      `
Examples:
  $ mesh-medic log-level catalog -n istioinaction
  $ mesh-medic log-level catalog -n istioinaction http:debug,router:debug,connection:debug,pool:debug --for 5m
  $ mesh-medic log-level deploy/istio-ingressgateway -n istio-system http:debug --pods 1
`,
    )
    .action(async (target: string, levels: string[], options: LogLevelOptions) =>
      ended(await (await import('./log-level.ts')).logLevel(target, levels, options)),
    )
  const audit = all
    .command('audit')
    .summary('look at the record of what was asked, approved and changed')
    .description(
      'Looks at the audit of the bot that is configured here: an append-only chain of events, each with the hash of the one before.',
    )
  audit
    .command('export')
    .summary('every event as a line of JSON')
    .description(
      'Writes every event to standard output, oldest first, each as one line of JSON: its sequence and the entry.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ mesh-medic audit export > audit.jsonl
  $ mesh-medic audit export | jq -c 'select(.entry.event | startswith("fix-")) | .entry'
`,
    )
    .action(async () => ended(await (await import('./audit.ts')).exportAudit()))
  audit
    .command('verify')
    .summary('whether every event is as it was written, and in its place')
    .description('Recomputes the chain of hashes. Exit code 0: whole; 2: broken, and where.')
    .addHelpText(
      'after',
      `
Examples:
  $ mesh-medic audit verify
`,
    )
    .action(async () => ended(await (await import('./audit.ts')).verify()))
  const configuration = all
    .command('config')
    .summary('look at the configuration')
    .description('Looks at the configuration.')
  configuration
    .command('check')
    .summary('explain the configuration: where each value comes from and what is missing')
    .description(
      'Explains the configuration: where each value comes from, and what is missing for which use. Secrets are not shown.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ mesh-medic config check
  $ MESH_MEDIC_CONFIG=mesh-medic.yaml mesh-medic config check
`,
    )
    .action(async () => ended(await (await import('./config-check.ts')).configCheck()))
  all
    .command('serve')
    .summary('run the Slack bot')
    .description('Runs the Slack bot, its worker and the health server, until SIGTERM.')
    .addHelpText(
      'after',
      `
Examples:
  $ SLACK_BOT_TOKEN=… SLACK_APP_TOKEN=… mesh-medic serve
`,
    )
    .action(async () => ended(await (await import('../main.ts')).serve()))
  all
    .command('demo')
    .summary('try it with a recorded mesh: no cluster, no Slack')
    .description('Runs the bot against a stand-in for Slack and a recorded mesh, and shows the thread as it grows.')
    .addHelpText(
      'after',
      `
Examples:
  $ mesh-medic demo
`,
    )
    .action(async () => ended(await (await import('./demo.ts')).demo()))
  return all
}

/** Runs one command line; answers its exit code. */
export async function runProgram(args: readonly string[]): Promise<number> {
  tolerateClosedPipes()
  let exitCode: number = EXIT.healthy
  try {
    await program((code) => {
      exitCode = code
    }).parseAsync(args, { from: 'user' })
  } catch (error) {
    exitCode =
      error instanceof CommanderError ? (error.exitCode === 0 ? EXIT.healthy : EXIT.usage) : await explainFailure(error)
  }
  return exitCode
}
