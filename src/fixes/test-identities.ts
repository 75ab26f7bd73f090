import type { SelfTestItem } from '../diagnosis/self-test.ts'
import { UnseenError, type Clients } from '../evidence/clients/clients.ts'
import type { Policy } from './policy.ts'

/** Identities that are asked about; the rest are counted. */
const MOST = 20
const PATIENCE = 20_000

/** Whether the bot may act in the names that its configuration holds: of approvers, and of whom dry runs are made as. Never rejects but with the signal's reason. */
export async function testIdentities(
  policy: Policy,
  { kubernetes }: Pick<Clients, 'kubernetes'>,
  signal: AbortSignal,
): Promise<SelfTestItem[]> {
  const people = policy.people()
  if (people.length === 0)
    return [
      {
        name: 'changes',
        ok: true,
        says: 'nobody can change anything: the configuration has no Kubernetes identities (key identities)',
      },
    ]
  const all = [policy.rehearseAs, ...people].slice(0, MOST)
  const names = [...new Set(all.map(({ user }) => user))].map((name) => ({ resource: 'users', name }))
  const groups = [...new Set(all.flatMap((one) => [...one.groups]))].map((name) => ({ resource: 'groups', name }))
  const either = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)])
  const items = await Promise.all(
    [...names, ...groups].map(async ({ resource, name }): Promise<SelfTestItem> => {
      const what = `impersonate ${resource.slice(0, -1)} ${name}`
      try {
        if (await kubernetes.allowed({ verb: 'impersonate', group: '', resource, name }, either))
          return { name: what, ok: true, says: 'allowed' }
        return {
          name: what,
          ok: false,
          says: 'not allowed: changes in that name are refused',
          remedy: `Add ${name} to the resourceNames of ${resource} in deploy/manifests/writer.yaml (mesh-medic-impersonator).`,
        }
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof UnseenError)) throw error
        return {
          name: what,
          ok: false,
          says: error.message,
          remedy: 'This cannot be checked until the API server answers.',
        }
      }
    }),
  )
  return people.length < MOST
    ? items
    : [...items, { name: 'changes', ok: true, says: `${people.length - MOST + 1} more identities were not checked` }]
}
