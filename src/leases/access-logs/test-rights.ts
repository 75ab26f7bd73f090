import type { SelfTestItem } from '../../diagnosis/self-test.ts'
import { UnseenError, type Clients } from '../../evidence/clients/clients.ts'
import { ALLOWED_BY } from '../../fixes/lent-telemetry.ts'
import { OPERATOR_PERMISSIONS } from '../../evidence/permissions.ts'

const NAME = 'turn on access logs'
const PATIENCE = 20_000

/**
 * Whether the Telemetry objects of leases may be made and deleted. None of it is needed: then access logs are not turned on. Nothing is said where the API
 * server does not answer, which the other permissions tell. Never rejects but with the signal's reason.
 */
export async function testAccessLogRights(
  { kubernetes }: Pick<Clients, 'kubernetes'>,
  signal: AbortSignal,
): Promise<SelfTestItem[]> {
  const either = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)])
  try {
    const asked = await Promise.all(
      OPERATOR_PERMISSIONS.map(async ({ verb, group, resource }) => ({
        verb,
        isAllowed: await kubernetes.allowed({ verb, group, resource }, either),
      })),
    )
    const missing = asked.filter(({ isAllowed }) => !isAllowed).map(({ verb }) => verb)
    if (missing.length === 0) return [{ name: NAME, ok: true, says: 'allowed' }]
    return [
      {
        name: NAME,
        // Half of it is a mistake: what was made must be deleted.
        ok: missing.length === asked.length,
        says: `may not ${missing.join(', ')} telemetries.telemetry.istio.io in every namespace`,
        remedy: `${ALLOWED_BY} allows it; a RoleBinding allows it in one namespace.`,
      },
    ]
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof UnseenError)) throw error
    return []
  }
}
