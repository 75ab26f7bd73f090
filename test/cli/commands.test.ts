import { afterAll, beforeAll, expect, it } from 'vitest'
import { VERSION } from '../../src/version.ts'
import { program } from '../../src/cli/program.ts'
import { startRecordedCluster, type RecordedCluster } from './recorded-cluster.ts'

let cluster: RecordedCluster
beforeAll(async () => {
  cluster = await startRecordedCluster('rejected-envoyfilter/ill')
})
afterAll(() => cluster.close())

it('--version', async () => {
  expect(await cluster.run(['--version'])).toMatchObject({ exitCode: 0, stdout: `${VERSION}\n` })
})

it('help of what is no command: bad usage, with the nearest one', async () => {
  const { exitCode, stdout, stderr } = await cluster.runHere(['diagnos', '--help'])
  expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' })
  expect(stderr).toMatch(/unknown command 'diagnos'[\s\S]*diagnose/)
})

it('no command: the help, as bad usage', async () => {
  const { exitCode, stdout, stderr } = await cluster.run([])
  expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' })
  expect(stderr).toContain('Commands:')
})

it('every command has a help with an example', () => {
  const all = program(() => undefined)
  const leaves = all.commands.flatMap((command) => (command.commands.length > 0 ? [...command.commands] : [command]))
  expect(leaves.map((command) => command.name()).sort()).toEqual([
    'access-log',
    'capture',
    'check',
    'demo',
    'diagnose',
    'doctor',
    'explain',
    'export',
    'feedback',
    'flags',
    'follow',
    'log-level',
    'serve',
    'status',
    'telemetry',
    'timeline',
    'verify',
  ])
  for (const command of leaves) {
    let help = ''
    command.configureOutput({
      writeOut: (text) => {
        help += text
      },
    })
    expect(() => {
      command.exitOverride().outputHelp()
    }).not.toThrow()
    expect(help, command.name()).toMatch(/\nExamples:\n {2}\$ /)
  }
})

it('doctor: failed items are exit 2, each with its remedy', async () => {
  const { exitCode, stdout } = await cluster.runHere(['doctor'])
  expect(exitCode).toBe(2)
  expect(stdout).toMatch(/✗ permissions: /)
  expect(stdout).toMatch(/✗ API server: .*\n {4}Check KUBECONFIG/)
  expect(stdout).toMatch(/\d+ of \d+ failed\.\n$/)
})

it('no kubeconfig at all: says so, and does not try an address of its own', async () => {
  const { exitCode, stderr } = await cluster.runHere(['status'], { KUBECONFIG: '' })
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(
    /^There is no kubeconfig: KUBECONFIG is not set, and the file .+\.kube.config does not exist\.\nSet KUBECONFIG/,
  )
})

it('config check: secrets are not shown, and what is missing is', async () => {
  const { exitCode, stdout } = await cluster.runHere(['config', 'check'], {
    SLACK_BOT_TOKEN: 'xoxb-very-secret',
    REDIS_URL: 'redis://:very-secret@redis:6379',
    PROMETHEUS_URL: 'https://prometheus',
    PROMETHEUS_USERNAME: 'reader',
    PROMETHEUS_PASSWORD: 'very-secret',
  })
  expect(exitCode).toBe(0)
  expect(stdout).toContain('Prometheus: https://prometheus, by a password as reader (PROMETHEUS_URL)')
  expect(stdout).not.toContain('very-secret')
  expect(stdout).toContain('SLACK_BOT_TOKEN = [redacted]')
  expect(stdout).toContain('✗ serve: missing SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP)')
})

it('serve without tokens: bad usage, and says which', async () => {
  const { exitCode, stderr } = await cluster.runHere(['serve'])
  expect(exitCode).toBe(64)
  expect(stderr).toMatch(/SLACK_BOT_TOKEN: is missing/)
})
