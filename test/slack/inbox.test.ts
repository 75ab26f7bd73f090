import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { setTimeout as pause } from 'node:timers/promises'
import type { Backend } from '../../src/queue/backend.ts'
import { auditEntries } from '../../src/store/audit.ts'
import { mintButton } from '../../src/store/buttons.ts'
import { listReceived } from '../../src/store/received.ts'
import type { Records } from '../../src/store/records.ts'
import { isFinished, listRuns, type RunRecord } from '../../src/store/runs.ts'
import { openHouse, type House } from './house.ts'
import { command, nextId, receiverIn } from './receiver.ts'
import { shownIn } from './texts.ts'

/** The process that goes on with what others have left. */
let house: House
beforeAll(async () => {
  house = await openHouse({ options: { holdRequests: 100, underWay: 10 } })
})
afterAll(() => house.close())

const forever = (): Promise<never> => new Promise(() => {})

/** A backend that answers its process no more from the nth write on after a request was stored: as if the process had been killed. */
function dying(backend: Backend, nth: number): { backend: Backend; isDead: () => boolean } {
  let writes = 0
  let isKept = false
  const isDead = (): boolean => writes >= nth
  const effect =
    <A extends unknown[], R>(act: (...all: A) => Promise<R>) =>
    (...all: A): Promise<R> => {
      if (isKept) writes += 1
      if (all[0] === 'events') isKept = true
      return isDead() ? forever() : act(...all)
    }
  const { records, queue } = backend
  const mortal: Records = {
    ...records,
    read: (...all) => (isDead() ? forever() : records.read(...all)),
    write: effect((...all: Parameters<Records['write']>) => records.write(...all)),
    remove: effect((...all: Parameters<Records['remove']>) => records.remove(...all)),
    append: effect((...all: Parameters<Records['append']>) => records.append(...all)),
  }
  const enqueue = effect((...all: Parameters<typeof queue.enqueue>) => queue.enqueue(...all))
  return { backend: { ...backend, records: mortal, queue: { ...queue, enqueue } }, isDead }
}

const receiver = (backend: Backend, keepWithin?: number): ((body: object) => Promise<unknown>) =>
  receiverIn(house, backend, keepWithin)

/** Hands a request to processes that die at their first effect, their second, and so on, until one lives to its end, or to `most` of them. */
async function killedAnywhere(
  body: () => object | Promise<object>,
  check: (where: string, since: { runs: RunRecord[]; roots: string[] }) => Promise<void> | void,
  most = Infinity,
): Promise<number> {
  const { records } = house.backend
  for (let nth = 1; nth <= most; nth += 1) {
    const [runs, roots] = [
      new Set((await listRuns(records)).map(({ id }) => id)),
      new Set(rootsNow().map(({ ts }) => ts)),
    ]
    const mortal = dying(house.backend, nth)
    await receiver(mortal.backend)(await body())
    const isAnswered = async (): Promise<boolean> =>
      (await listReceived(records)).length === 0 && (await listRuns(records)).every(isFinished)
    while (!mortal.isDead() && !(await isAnswered())) await pause(5)
    if (!mortal.isDead()) return nth - 1
    for (const late = Date.now() + 20_000; !(await isAnswered()) && Date.now() < late;) await pause(10)
    await check(`killed before effect ${nth}`, {
      runs: (await listRuns(records)).filter(({ id }) => !runs.has(id)),
      roots: rootsNow()
        .filter(({ ts }) => !roots.has(ts))
        .map(shownIn),
    })
  }
  return most
}

const rootsNow = (): ReturnType<House['slack']['messages']> =>
  house.slack.messages('C_MESH').filter(({ threadTs }) => threadTs === undefined)

/** A backend whose first write to a collection waits until it is let go; a request was refused by then. */
function slow(backend: Backend, collection: string): { backend: Backend; letGo: () => Promise<unknown> } {
  const gate = Promise.withResolvers<undefined>()
  let written: Promise<unknown> | undefined
  const { records } = backend
  const write: Records['write'] = (...all) => {
    if (written !== undefined || all[0] !== collection) return records.write(...all)
    const done = gate.promise.then(() => records.write(...all))
    written = done
    return done
  }
  return {
    backend: { ...backend, records: { ...records, write } },
    letGo: () => {
      gate.resolve(undefined)
      return Promise.resolve(written)
    },
  }
}

describe('a command that was refused, since the store did not take it in time', () => {
  const PROMPT = 20

  it('is worked on by nobody when the store writes it afterwards, not even when the process is gone', async () => {
    const { records } = house.backend
    const runs = (await listRuns(records)).length
    const { backend, letGo } = slow(house.backend, 'received')
    const late = command('diagnose catalog')
    expect(await receiver(backend, PROMPT)(late)).toMatchObject({
      text: expect.stringContaining('cannot accept this now') as string,
    })
    await letGo()
    while ((await listReceived(records)).length > 0) await pause(5)
    expect(await records.read('events', late.trigger_id)).toBeUndefined()
    expect(await listRuns(records)).toHaveLength(runs)
    // The same word for word, and accepted: it was not taken for one that was received before.
    expect(await receiver(house.backend)(late)).toBeUndefined()
    while ((await listRuns(records)).length === runs || !(await listRuns(records)).every(isFinished)) await pause(5)
    expect(await listRuns(records)).toHaveLength(runs + 1)
  })

  it('is dropped where its process died before it was accepted, and accepted where Slack sends it again', async () => {
    const { records } = house.backend
    const runs = (await listRuns(records)).length
    const left = {
      content: { kind: 'command', user: 'U_ONCALL', channel: 'C_MESH', line: 'diagnose catalog' },
      receivedAt: new Date().toISOString(),
      begun: 1,
    }
    await records.write('received', 'left', { ...left, id: 'left', heldUntil: new Date(0).toISOString() })
    while ((await listReceived(records)).length > 0) await pause(5)
    expect(await listRuns(records)).toHaveLength(runs)
    expect(house.slack.ephemerals('U_ONCALL').map(shownIn).join()).toContain(
      '/mesh diagnose catalog was not accepted: the store and queue did not answer',
    )
    const again = command('diagnose catalog')
    const id = again.trigger_id
    await records.write('received', id, { ...left, id, heldUntil: new Date(Date.now() + 600_000).toISOString() })
    expect(await receiver(house.backend)(again)).toBeUndefined()
    while ((await listRuns(records)).length === runs || !(await listRuns(records)).every(isFinished)) await pause(5)
    expect(await listRuns(records)).toHaveLength(runs + 1)
  })
})

describe('a process that is killed after the acknowledgement', () => {
  it('leaves no diagnosis unanswered, and none answered twice', async () => {
    const deaths = await killedAnywhere(
      () => command('diagnose catalog'),
      async (where, { runs, roots }) => {
        expect(runs, where).toMatchObject([{ state: 'done', outcome: { verdict: 'ill' } }])
        expect(roots, where).toHaveLength(1)
        expect(roots[0], where).toContain('🔴 Ill')
        const entries = await auditEntries(house.backend.records)
        expect(
          entries.filter(({ entry }) => entry.run === runs[0]!.id && entry.event === 'diagnosis-asked'),
          where,
        ).toHaveLength(1)
      },
    )
    expect(deaths).toBeGreaterThan(5)
  })

  it('leaves no mention unanswered', async () => {
    await killedAnywhere(
      () => ({
        type: 'event_callback',
        event_id: nextId(),
        team_id: house.slack.app.teamId,
        event: {
          type: 'app_mention',
          user: 'U_ONCALL',
          channel: 'C_MESH',
          text: `<@${house.slack.app.userId}> status`,
        },
      }),
      (where, { runs, roots }) => {
        expect(runs, where).toMatchObject([{ state: 'done', request: { kind: 'status' } }])
        expect(roots, where).toHaveLength(1)
      },
      2,
    )
  })

  it('leaves no press unanswered, also of a button that works once', async () => {
    const { records } = house.backend
    const run = (await listRuns(records)).findLast(({ request }) => request.kind === 'diagnose')
    await killedAnywhere(
      async () => ({
        type: 'block_actions',
        trigger_id: nextId(),
        user: { id: 'U_ONCALL' },
        team: { id: house.slack.app.teamId },
        channel: { id: 'C_MESH' },
        actions: [
          {
            action_id: 'run-again',
            value: await mintButton(records, { act: 'run-again', payload: {}, run: run!.id, uses: 'once' }),
          },
        ],
      }),
      (where, { runs }) => expect(runs, where).toMatchObject([{ state: 'done', outcome: { verdict: 'ill' } }]),
      2,
    )
  })

  it('is taken over a few times; then the person is told', async () => {
    const { records } = house.backend
    const content = { kind: 'command', user: 'U_ONCALL', channel: 'C_MESH', line: 'diagnose catalog' }
    await records.write('events', 'poison', {})
    await records.write('received', 'poison', {
      id: 'poison',
      content,
      receivedAt: new Date().toISOString(),
      heldUntil: new Date(0).toISOString(),
      begun: 3,
    })
    await house.slack.waitFor(() =>
      house.slack.ephemerals('U_ONCALL').some((one) => shownIn(one).includes('restarted each time it worked on this')),
    )
    while ((await listReceived(records)).length > 0) await pause(10)
  })
})
