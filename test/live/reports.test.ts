import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, expect, it } from 'vitest'

/** Meshes from public reports, one for each place at which their requests fail; all of them take an hour (`npm run reports -- all`). */
const REPORTS = [
  'buffer-too-small',
  'callers-rule-hides-subset',
  'gwapi-hostnames-apart',
  'headless-target-port',
  'healthy-gateway-by-full-name',
  'http10-caller',
  'second-port-level-policy',
]

const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-reports-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Row {
  name: string
  ill: { score: string }
  twin?: { score: string }
}

it('meshes rebuilt from public reports are judged rightly, and their twins called healthy', async () => {
  const out = join(folder, 'reports.jsonl')
  // Another try writes its own.
  rmSync(out, { force: true })
  await execa(process.execPath, [join(import.meta.dirname, 'reports.ts'), ...REPORTS, '--out', out], {
    cwd: join(import.meta.dirname, '..', '..'),
  })
  const rows = readFileSync(out, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row)
  expect(rows.map(({ name, ill, twin }) => [name, ill.score, twin?.score ?? 'silent'])).toEqual(
    REPORTS.map((name) => [name, name.startsWith('healthy-') ? 'silent' : 'right', 'silent']),
  )
}, 900_000)
