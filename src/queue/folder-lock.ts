import { randomUUID } from 'node:crypto'
import { link, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { BackendError } from './backend-error.ts'

const BEAT = 5000
/** A holder on another host (a container that is gone) cannot be asked; it is taken for dead when it was silent for so many milliseconds. */
const SILENT = 30_000

const Holder = z.object({ pid: z.number(), host: z.string(), started: z.string().nullable(), token: z.string() })
type Holder = z.infer<typeof Holder>

/**
 * Takes the folder for this process: `lock` in it says who has it. The lock of a process that is dead is taken over.
 * Resolves to the function that gives it back; BackendError 'data-folder-busy' when another (or this) process has it.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'lock')
  const mine: Holder = { pid: process.pid, host: hostname(), started: await startOf(process.pid), token: randomUUID() }
  while (!(await create(path, mine))) {
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text === undefined) continue
    const holder = parse(text)
    if (holder && (await isAlive(path, holder)))
      throw new BackendError('data-folder-busy', { folder, pid: holder.pid, host: holder.host })
    await clear(path, text)
  }
  const heart = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), BEAT).unref()
  return async () => {
    clearInterval(heart)
    if (parse(await readFile(path, 'utf8').catch(() => ''))?.token === mine.token) await rm(path, { force: true })
  }
}

/** False when there is a lock already. It appears whole: written aside first, then linked. */
async function create(path: string, holder: Holder): Promise<boolean> {
  const draft = `${path}.${holder.token}`
  try {
    const file = await open(draft, 'w')
    await file.writeFile(JSON.stringify(holder)).finally(() => file.close())
    // By this machine's clock, as every beat: a file server's may differ.
    await utimes(draft, new Date(), new Date())
    await link(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

/** Removes the lock that was judged; one that somebody else made meanwhile is put back. */
async function clear(path: string, judged: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
    if ((await readFile(aside, 'utf8')) !== judged) await link(aside, path)
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    await rm(aside, { force: true })
  }
}

async function isAlive(path: string, holder: Holder): Promise<boolean> {
  if (holder.host !== hostname()) {
    const beat = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    )
    return Date.now() - beat < SILENT
  }
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  // After a restart of a container another process may have the same number.
  const started = await startOf(holder.pid)
  return holder.started === null || started === null || started === holder.started
}

/** When a process started, as a text that no other process with this number has; null where that cannot be known (not Linux). */
async function startOf(pid: number): Promise<string | null> {
  try {
    const [boot, status] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ])
    // proc(5): starttime is field 22; field 2 is in parentheses and may hold spaces.
    return `${boot.trim()} ${status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`
  } catch {
    return null
  }
}

function parse(text: string): Holder | undefined {
  try {
    return Holder.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
