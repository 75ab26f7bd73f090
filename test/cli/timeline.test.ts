import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GATEWAY, SIDECAR } from '../timeline/recorded.ts'

const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')

let folder: string
const file = (name: string): string => join(folder, name)
const run = (...args: string[]) =>
  execa(process.execPath, [CLI, 'timeline', ...args], { reject: false, stdin: 'ignore', cwd: folder })

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesh-medic-timeline-'))
  writeFileSync(
    file('ingress.log'),
    GATEWAY.replaceAll("'user-agent', 'curl/7.88.1'", "'cookie', 'session=s3cr3tvalue0123'"),
  )
  writeFileSync(file('sidecar.log'), SIDECAR)
  writeFileSync(file('notes.txt'), 'milk\neggs\n')
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('mesh-medic timeline --file', () => {
  it('tells the story and the table, and writes the lines and a picture', async () => {
    const { stdout, stderr, exitCode } = await run(
      ...['--file', 'ingress.log', '--file', 'sidecar.log', '--lines', 'request.log', '--picture', 'request.svg'],
    )
    expect(exitCode).toBe(0)
    expect(stdout).toContain("the route's timeout of 500 ms fired.")
    expect(stdout).toMatch(/503\.307 {2}gateway +90 +the route's timeout fired/)
    expect(stderr).toContain('The lines of the request: request.log')
    const lines = readFileSync(file('request.log'), 'utf8')
    expect(lines).toContain('upstream timeout')
    expect(lines).toContain("'cookie', '[redacted]'")
    const picture = readFileSync(file('request.svg'), 'utf8')
    expect(picture).toContain('502.8 ms later')
    expect(picture).toContain('the route&apos;s timeout fired')
    expect(stdout + lines + picture).not.toContain('s3cr3tvalue')
  })

  it('is JSON for programs, with no secret in it', async () => {
    const { stdout } = await run('--file', 'ingress.log', '--file', 'sidecar.log', '-o', 'json')
    expect(JSON.parse(stdout)).toMatchObject({
      by: ['request id and address'],
      matching: { count: 1, of: 'access log' },
      legs: [{ role: 'gateway', id: { connection: '90' }, answer: { status: 504 } }, { role: 'sidecar' }],
    })
    expect(stdout).not.toContain('s3cr3tvalue')
  })

  it.each([
    [[], 'Neither a target nor a log was given.'],
    [['catalog', '--file', 'ingress.log'], 'It is either a target or saved logs.'],
    [['--file', 'gone.log'], 'gone.log could not be read'],
    [['--file', '.'], 'it is no file'],
    [['--file', 'notes.txt'], 'notes has no line of a form that is known'],
    [['--file', 'ingress.log', '--status', 'x'], 'is no status of HTTP'],
    [['--file', 'ingress.log', '--path', 'items'], 'is no path'],
    [['--file', 'ingress.log', '--request-id', 'a b'], 'is no request id'],
    [['--file', 'ingress.log', '--lines', 'no/such/folder'], 'no/such/folder could not be written'],
    [['catalog', '--wait', '2h'], 'is not a time of at most an hour'],
  ])('says what is wrong with %j', async (args, says) => {
    const { stderr, exitCode } = await run(...args)
    expect(stderr).toContain(says)
    expect(exitCode).toBe(64)
  })
})
