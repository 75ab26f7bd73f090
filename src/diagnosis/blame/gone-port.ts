import { proof } from '../../checks/check.ts'
import { quoteLine } from '../../checks/facts/traffic-of.ts'
import { refOf } from '../../mesh/objects.ts'
import type { Case, Lead } from './lead.ts'
import { value, values } from './lead.ts'

/** The Service that has a port no more which a client without a proxy asks for. */
export function gonePortLeads({ followed: { gone } }: Case): Lead[] {
  if (gone === undefined) return []
  const { service, port, client, last } = gone
  const ports = (service.spec?.ports ?? []).map((one) => String(one.port))
  return [
    {
      code: 'MESH0131',
      subject: refOf(service),
      why: `${value(client)} asked for port ${value(port)} until the Service was changed, and it has ${ports.length === 0 ? 'no ports' : `only ${values(ports)}`} now`,
      remedy: `Give it port ${value(port)}, or make its callers use one that it has`,
      because: [
        proof(last.log, `the last request for port ${port} came before the Service was changed`, quoteLine(last.entry)),
      ],
    },
  ]
}
