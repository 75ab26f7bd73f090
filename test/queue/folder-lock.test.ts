import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { lockFolder } from '../../src/queue/folder-lock.ts'

describe('the lock of a data folder', () => {
  const folders: string[] = []
  let folder: string
  beforeEach(async () => {
    folders.push((folder = await mkdtemp(join(tmpdir(), 'mesh-medic-lock-'))))
  })
  afterAll(() => Promise.all(folders.map((one) => rm(one, { recursive: true, force: true }))))

  const heldBy = async (holder: object): Promise<void> => {
    const lock = join(folder, 'lock')
    await writeFile(
      lock,
      JSON.stringify({ pid: process.pid, host: hostname(), started: null, token: 'theirs', ...holder }),
    )
    await utimes(lock, new Date(), new Date())
  }
  const busy = { code: 'data-folder-busy' }

  it('goes to exactly one of many, and to the next when it is given back', async () => {
    const attempts = await Promise.allSettled(Array.from({ length: 10 }, () => lockFolder(folder)))
    const won = attempts.filter((one) => one.status === 'fulfilled')
    expect(won).toHaveLength(1)
    expect(await readdir(folder)).toEqual(['lock'])
    await won[0]!.value()
    expect(await readdir(folder)).toEqual([])
    await (
      await lockFolder(folder)
    )()
  })

  it('is taken over by exactly one of many from a process that is dead', async () => {
    await heldBy({ pid: spawnSync(process.execPath, ['--version']).pid })
    const attempts = await Promise.allSettled(Array.from({ length: 10 }, () => lockFolder(folder)))
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await readdir(folder)).toEqual(['lock'])
  })

  it('is left to a process that lives', async () => {
    await heldBy({})
    await expect(lockFolder(folder)).rejects.toMatchObject({
      ...busy,
      facts: { folder, pid: process.pid, host: hostname() },
    })
  })

  it.runIf(process.platform === 'linux')('is taken over when the number belongs to another process now', async () => {
    await heldBy({ started: 'another boot 1' })
    const release = await lockFolder(folder)
    await release()
  })

  it('is taken over from another host only after its silence', async () => {
    await heldBy({ host: 'elsewhere' })
    await expect(lockFolder(folder)).rejects.toMatchObject(busy)
    const past = new Date(Date.now() - 60_000)
    await utimes(join(folder, 'lock'), past, past)
    const release = await lockFolder(folder)
    await release()
  })

  it('is taken over when nobody can read it, and not given back by one who lost it', async () => {
    await writeFile(join(folder, 'lock'), 'garbage')
    const release = await lockFolder(folder)
    await heldBy({})
    await release()
    expect(await readFile(join(folder, 'lock'), 'utf8')).toContain('theirs')
  })
})
