import { ALL_MODULES, readZtunnelLevels } from '../../evidence/collectors/ztunnel-levels.ts'
import type { Pod } from '../../mesh/objects.ts'
import { PROXY_CONTAINER } from '../../mesh/pods.ts'
import type { Leasable } from '../leasable.ts'
import { refOfPod } from '../lease-record.ts'
import { ztunnelLevelsText } from './levels.ts'

/** What ztunnel starts with when nobody says otherwise, and what it always puts before what RUST_LOG says. */
const USUAL = 'info'
const ALWAYS = 'hickory_server::server::server_future=off'

/** The level each module of a ztunnel was started with, by its container's RUST_LOG; none of its own for a module that is not named there. */
function startingLevels({ spec }: Pod): (module: string) => string {
  const containers: readonly { name: string; env?: { name: string; value?: string }[] }[] = spec?.containers ?? []
  const { env = [] } = containers.find(({ name }) => name === PROXY_CONTAINER) ?? {}
  const named = env.find(({ name }) => name === 'RUST_LOG')?.value ?? USUAL
  const levels = new Map(
    `${ALWAYS},${named}`.split(',').map((part): [string, string] => {
      const at = part.lastIndexOf('=')
      return at === -1 ? [ALL_MODULES, part] : [part.slice(0, at), part.slice(at + 1)]
    }),
  )
  return (module) => levels.get(module) ?? ''
}

/** The log levels of ztunnels, by module. Each ztunnel serves every workload of its node. */
export const ztunnelLevels: Leasable = {
  kind: 'ztunnel-levels',
  read: ({ clients }, { proxy }, signal) => readZtunnelLevels(refOfPod(proxy), clients.portForward, signal),
  async set({ writer }, { permit, proxy, settings }, signal) {
    await writer.setZtunnelLevels(permit, refOfPod(proxy), settings, signal)
    return undefined
  },
  // It takes a level for any module, also for one that it does not have.
  refusal: () => undefined,
  startingValues: startingLevels,
  claimOf: (module) => `ztunnel ${module}`,
  podsOf: (_deps, { proxy }) => Promise.resolve([refOfPod(proxy)]),
  left: (others) => `${ztunnelLevelsText(others)}, set by somebody else`,
}
