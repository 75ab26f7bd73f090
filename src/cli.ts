#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

// Before any other import, so that theirs are cached: the Kubernetes client alone is a thousand files.
enableCompileCache()
const { runProgram } = await import('./cli/program.ts')
process.exit(await runProgram(process.argv.slice(2)))
