import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { execa } from 'execa'

const MODULES = join(import.meta.dirname, '..', '..', 'node_modules')
const { version } = JSON.parse(readFileSync(join(MODULES, '@electric-sql', 'pglite', 'package.json'), 'utf8')) as {
  version: string
}
const KEPT = join(MODULES, '.cache', 'mesh-medic', `pglite-${version}.tar`)

/** A database as it is when it was just made; making one takes two seconds of computing, so it is kept between test runs. */
export async function emptyDatabase(): Promise<Blob> {
  if (!existsSync(KEPT)) await keep()
  return new Blob([readFileSync(KEPT)])
}

/** The same in a data folder, as a bot that was started once leaves it; whoever opens the folder need not make a database first. */
export async function putEmptyDatabase(dataFolder: string): Promise<void> {
  if (!existsSync(KEPT)) await keep()
  const folder = join(dataFolder, 'pglite')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // The archive's names begin at the root, which tar takes off.
  await execa('tar', ['-xf', KEPT, '-C', folder])
}

async function keep(): Promise<void> {
  const made = await PGlite.create()
  const dump = await made.dumpDataDir('none')
  await made.close()
  mkdirSync(dirname(KEPT), { recursive: true })
  // Another thread may be at it too: whoever comes last puts the same in its place.
  const own = `${KEPT}.${process.pid}.${Math.random().toString(36).slice(2)}`
  writeFileSync(own, Buffer.from(await dump.arrayBuffer()))
  renameSync(own, KEPT)
}
