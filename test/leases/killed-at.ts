import type { LeaseDeps } from '../../src/leases/lease-deps.ts'
import type { Records } from '../../src/store/records.ts'

/** Our process is gone: nothing of it acts any more. */
export class Killed extends Error {}

/**
 * Dependencies of a process that is killed at its nth act on the store or a proxy: before it is done, or after. From then on nothing acts.
 * `acts` counts, so that a process that is never killed says how many there are.
 */
export function killedAt(
  nth: number,
  when: 'before' | 'after',
  deps: LeaseDeps,
): { deps: LeaseDeps; acts: () => number; ended: () => Promise<unknown> } {
  let acts = 0
  const begun: Promise<unknown>[] = []
  const mortal =
    <A extends unknown[], T>(act: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      acts += 1
      if (acts > nth || (acts === nth && when === 'before')) throw new Killed()
      const acting = act(...args)
      begun.push(acting)
      const done = await acting
      if (acts >= nth) throw new Killed()
      return done
    }
  const { records, clients, writer } = deps
  return {
    acts: () => acts,
    // What was on its way to the store or a proxy arrives.
    ended: () => Promise.allSettled(begun),
    deps: {
      records: {
        ...records,
        read: mortal((...args) => records.read(...args)),
        write: mortal((...args) => records.write(...args)),
        remove: mortal((...args) => records.remove(...args)),
        append: mortal((...args) => records.append(...args)),
        entries: mortal((...args) => records.entries(...args)),
        lastEntry: mortal((...args) => records.lastEntry(...args)),
      },
      clients: { ...clients, istioctl: { run: mortal((...args) => clients.istioctl.run(...args)) } },
      writer: {
        ...writer,
        setLogLevels: mortal((...args) => writer.setLogLevels(...args)),
        turnOnAccessLog: mortal((...args) => writer.turnOnAccessLog(...args)),
        turnOffAccessLog: mortal((...args) => writer.turnOffAccessLog(...args)),
      },
    },
  }
}

/** The seconds pass after which another process may take what the killed one had in hand. */
export async function letGo(records: Records): Promise<void> {
  for (const { id } of await records.list('proxies-in-hand')) await records.remove('proxies-in-hand', id)
}
