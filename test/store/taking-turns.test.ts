import { setTimeout as pause } from 'node:timers/promises'
import { PGlite } from '@electric-sql/pglite'
import { expect, it } from 'vitest'
import { takingTurns } from '../../src/store/taking-turns.ts'
import { emptyDatabase } from './empty-database.ts'

it('lets the process look at its timers and sockets between two queries that wait', async () => {
  const db = await PGlite.create({ loadDataDir: await emptyDatabase() })
  const { usual: turns } = takingTurns(db)
  await turns.exec('create table counted (n int)')
  let answered = 0
  const all = Array.from({ length: 200 }, async (_, n) => {
    await turns.query('insert into counted values ($1)', [n])
    answered += 1
  })
  await pause(1)
  // Asked without turns, all of them are answered before any timer fires.
  expect(answered).toBeLessThan(200)
  await Promise.all(all)
  const { rows } = await turns.query<{ n: number }>('select n from counted')
  expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 200 }, (_, n) => n))
  await db.close()
})

it('goes on after a query that failed', async () => {
  const db = await PGlite.create({ loadDataDir: await emptyDatabase() })
  const { usual: turns } = takingTurns(db)
  await expect(turns.query('select nothing from nowhere')).rejects.toThrow()
  expect((await turns.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  await db.close()
})

it('asks first what is waited for', async () => {
  const db = await PGlite.create({ loadDataDir: await emptyDatabase() })
  const { first, usual } = takingTurns(db)
  const order: string[] = []
  const ask = (of: typeof usual, name: string): Promise<unknown> => of.query('select 1').then(() => order.push(name))
  await Promise.all([ask(usual, 'begun'), ask(usual, 'second'), ask(first, 'waited for'), ask(usual, 'third')])
  expect(order).toEqual(['begun', 'waited for', 'second', 'third'])
  await db.close()
})
