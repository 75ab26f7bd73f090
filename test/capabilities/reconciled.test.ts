import { beforeAll, describe, expect, it } from 'vitest'
import { WriteError } from '../../src/fixes/cluster-writer.ts'
import { updateChange, type ChangeRecord } from '../../src/fixes/record.ts'
import { createRun, isFinished, readRun, updateRun, type RunRecord } from '../../src/store/runs.ts'
import { STORE_FAILURES } from '../store/failing-records.ts'
import { aged, away, house, MENDED, propose, REJECTED, trial, type House } from './reconciled-house.ts'

let proposed: ChangeRecord
beforeAll(async () => {
  proposed = await propose()
})

/** From which operation on the store fails: while it is decided, written, proved. Every one of them is in reconciled.sweep.test.ts. */
const MOMENTS = [3, 9, 15]

describe.each(STORE_FAILURES)('an approval while the store %s', (failure) => {
  it('is written once, proved and told', async () => {
    for (const from of MOMENTS) {
      const { home, failed } = await trial(failure, from, MENDED)
      expect(failed, `from ${from}`).toBe(true)
      expect(await home.change(), `from ${from}`).toMatchObject({ state: 'proved', proof: { outcome: 'gone' } })
      expect(home.writes).toEqual(['apply DestinationRule catalog'])
      expect(await home.events(), `from ${from}`).toEqual(['fix-approved', 'fix-applied', 'fix-verified'])
    }
  })

  it('is undone once by itself where things got worse', async () => {
    const { home, failed } = await trial(failure, 18, REJECTED)
    expect(failed).toBe(true)
    expect(await home.change()).toMatchObject({ state: 'undone', proof: { outcome: 'worse' } })
    expect(home.writes).toEqual(['apply DestinationRule catalog', 'undo delete DestinationRule catalog'])
    expect(await home.events()).toEqual(['fix-approved', 'fix-applied', 'fix-verified', 'fix-undone'])
  })
})

describe('an approval while Slack does not answer', () => {
  it.each([
    ['proved', 'two minutes', 120_000, MENDED, ['fix-approved', 'fix-applied', 'fix-verified']],
    ['proved', 'twenty hours', 20 * 3600_000, MENDED, ['fix-approved', 'fix-applied', 'fix-verified']],
    ['undone', 'two minutes', 120_000, REJECTED, ['fix-approved', 'fix-applied', 'fix-verified', 'fix-undone']],
  ] as const)('is %s all the same, and told when it does after %s', async (state, _after, age, mended, events) => {
    const home = await house({ mended })
    const [answer, open] = [home.thread.answer.bind(home.thread), home.thread.open.bind(home.thread)]
    Object.assign(home.thread, { answer: away, open: away })
    const run = await home.press('approve', 'U_SECOND')
    await home.work(run.id)
    expect(await home.change()).toMatchObject({ state })
    expect(isFinished((await readRun(home.records, run.id))!)).toBe(false)
    expect(home.thread.said).toEqual([])
    Object.assign(home.thread, { answer, open })
    await aged(home.records, run.id, age)
    await home.sweep()
    expect(home.thread.said.at(-1)).toBe('answer')
    expect(isFinished((await readRun(home.records, run.id))!)).toBe(true)
    expect(await home.change()).toMatchObject({ state })
    expect(await home.events()).toEqual(events)
  })
})

describe('a change that was begun', () => {
  const unreached = (): Promise<never> =>
    Promise.reject(new WriteError('unavailable', 'the API server could not be reached', { sent: true }))

  /** A cluster that does not answer a write, or a rehearsal, until it does. */
  async function withoutCluster(
    what: 'write' | 'rehearse',
  ): Promise<{ home: House; run: RunRecord; back: () => void }> {
    let isAway = true
    const home = await house({
      writer: (real) => ({
        ...real,
        [what]: (...args: never[]) =>
          isAway ? unreached() : (real[what] as (...all: never[]) => Promise<unknown>)(...args),
      }),
    })
    const run = await home.press('approve', 'U_SECOND')
    await home.work(run.id)
    return { home, run, back: () => void (isAway = false) }
  }

  it.each(['over', 'forgotten'] as const)('is taken up again where its run is %s', async (end) => {
    const { home, run, back } = await withoutCluster('write')
    expect((await home.change()).state).toBe('applying')
    if (end === 'over') await updateRun(home.records, run.id, (now) => ({ ...now, state: 'failed' }))
    else await home.records.remove('runs', run.id)
    back()
    await home.sweep()
    await aged(home.records, run.id)
    await home.sweep()
    expect(await home.change()).toMatchObject({ state: 'proved', decided: { user: 'U_SECOND' } })
    expect((await readRun(home.records, run.id))!).toMatchObject({ state: 'done', asker: { user: 'U_SECOND' } })
    expect(home.writes).toHaveLength(1)
  })

  it('is left alone at its end', async () => {
    const home = await house()
    const run = await home.press('approve', 'U_SECOND')
    await home.work(run.id)
    const told = home.thread.said.length
    await updateRun(home.records, run.id, (now) => ({ ...now, state: 'failed' }))
    expect(await home.sweep()).toEqual([])
    expect(home.thread.said).toHaveLength(told)
    expect((await readRun(home.records, run.id))!.state).toBe('failed')
  })

  it('says that nothing was written, where it was approved long ago and nobody came to it', async () => {
    const { home, run } = await withoutCluster('rehearse')
    expect((await home.change()).state).toBe('approved')
    await aged(home.records, run.id, 2 * 3600_000)
    await home.sweep()
    expect(await home.change()).toMatchObject({
      state: 'failed',
      failure: expect.stringMatching(/Nothing was written\.$/) as string,
    })
    expect(home.writes).toEqual([])
    expect(home.thread.said.at(-1)).toBe('answer')
  })

  it('is not called applied by a worker that takes it up after it was refused', async () => {
    const home = await house({
      writer: (real) => ({ ...real, write: () => Promise.reject(new WriteError('forbidden', 'you may not')) }),
    })
    const answer = home.thread.answer.bind(home.thread)
    Object.assign(home.thread, { answer: away })
    const run = await home.press('approve', 'U_SECOND')
    await home.work(run.id)
    Object.assign(home.thread, { answer })
    await aged(home.records, run.id)
    await home.sweep()
    expect(await home.change()).toMatchObject({ state: 'failed', failure: 'you may not' })
    expect(await home.events()).toEqual(['fix-approved', 'fix-failed'])
    expect(home.thread.said.at(-1)).toBe('answer')
  })

  it('waits for a cluster that does not answer, and is proved when it does', async () => {
    const { home, run, back } = await withoutCluster('write')
    expect((await home.change()).state).toBe('applying')
    back()
    await aged(home.records, run.id)
    await home.sweep()
    expect(await home.change()).toMatchObject({ state: 'proved' })
  })
})

describe('a proposal whose time is over', () => {
  it('loses its buttons when Slack answers again, and one that Slack does not take keeps no other from it', async () => {
    const home = await house()
    const late = new Date(Date.now() - 1000).toISOString()
    await updateChange(home.records, proposed.id, (change) => ({ ...change, expiresAt: late }))
    const other = { ...(await home.change()), id: 'zz-another' }
    await home.records.write('changes', other.id, other)
    const proposal = home.board.proposal
    home.board.proposal = (change) => (change.id === proposed.id ? away() : proposal(change))
    await home.sweep()
    expect(home.board.said).toEqual(['proposal expired'])
    home.board.proposal = proposal
    await home.sweep()
    await home.sweep()
    expect(home.board.said).toEqual(['proposal expired', 'proposal expired'])
  })
})

describe('a diagnosis that failed while Slack did not answer', () => {
  it('is not over before that is told', async () => {
    const home = await house()
    const failed = home.thread.failed.bind(home.thread)
    const { id } = await createRun(home.records, {
      request: { kind: 'status', text: '' },
      asker: { user: 'U_ONCALL' },
      channel: 'C_MESH',
      thread: '1795482395.439000',
    })
    await aged(home.records, id, 2 * 3600_000)
    Object.assign(home.thread, { failed: away })
    await home.sweep()
    expect(isFinished((await readRun(home.records, id))!)).toBe(false)
    Object.assign(home.thread, { failed })
    await home.sweep()
    expect(home.thread.said).toEqual(['failed'])
    expect((await readRun(home.records, id))!.state).toBe('failed')
  })
})
