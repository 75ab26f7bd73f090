import { Command, CommanderError } from 'commander'
import { VERSION } from '../version.ts'
import { addTo } from './commands/command.ts'
import { COMMANDS } from './commands/index.ts'
import { EXIT } from './exit-codes.ts'
import { explainFailure } from './failure.ts'
import { tolerateClosedPipes } from './output.ts'

/** Every command; `ended` hears each one's exit code. */
export function program(ended: (exitCode: number) => void): Command {
  const all = new Command('mesh-medic')
    .description('Finds why a workload in an Istio mesh misbehaves, proves it, and says what to change.')
    .version(VERSION)
    .exitOverride()
    .addHelpText(
      'after',
      `
Exit codes of diagnose, follow, status, telemetry and doctor:
  0 healthy (follow: arrives)   2 ill (follow: fails, doctor: something failed)   3 unclear, not everything could be seen (telemetry: nothing was counted)
  4 starting   5 not in the mesh   64 bad usage   1 mesh-medic itself failed   130 cancelled

Examples:
  $ mesh-medic diagnose catalog -n istioinaction
  $ mesh-medic follow catalog.istioinaction.io/items --from ingress
  $ mesh-medic status
  $ mesh-medic doctor
`,
    )
  for (const command of COMMANDS) addTo(all, command, ended)
  return all
}

/** Without `--help` behind a word that is no command: the general help would hide that. */
function withoutHelpOfNothing(all: Command, args: readonly string[]): readonly string[] {
  const [first = '-'] = args
  const isKnown = first.startsWith('-') || first === 'help' || all.commands.some((one) => one.name() === first)
  return isKnown ? args : args.filter((one) => one !== '--help' && one !== '-h')
}

/** Runs one command line; answers its exit code. */
export async function runProgram(args: readonly string[]): Promise<number> {
  tolerateClosedPipes()
  let exitCode: number = EXIT.healthy
  try {
    const all = program((code) => {
      exitCode = code
    })
    await all.parseAsync(withoutHelpOfNothing(all, args), { from: 'user' })
  } catch (error) {
    exitCode =
      error instanceof CommanderError ? (error.exitCode === 0 ? EXIT.healthy : EXIT.usage) : await explainFailure(error)
  }
  return exitCode
}
