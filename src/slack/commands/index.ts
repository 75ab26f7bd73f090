import type { Command } from './command.ts'
import { diagnose } from './diagnose.ts'
import { doctor } from './doctor.ts'
import { help } from './help.ts'
import { status } from './status.ts'

/** Every command, sorted by name. */
export const COMMANDS: readonly Command[] = [
  diagnose,
  doctor,
  help,
  status,
]
