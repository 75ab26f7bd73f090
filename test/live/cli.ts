import { join } from 'node:path'
import { execa } from 'execa'
import type { Report } from '../../src/diagnosis/report.ts'

const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')

/** Runs the command line as a person would, with `-o json`; the report and the exit code. */
export async function meshMedic(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ report: Report; exitCode: number; stderr: string }> {
  const { stdout, stderr, exitCode } = await execa(process.execPath, [CLI, ...args, '-o', 'json'], {
    reject: false,
    env,
    stdin: 'ignore',
  })
  try {
    return { report: JSON.parse(stdout) as Report, exitCode: exitCode ?? -1, stderr }
  } catch (error) {
    throw new Error(`mesh-medic ${args.join(' ')} ended with ${exitCode} and no report: ${stderr}`, { cause: error })
  }
}
