import { deletedLeads } from './deleted.ts'
import { destinationLeads } from './destination.ts'
import { gonePortLeads } from './gone-port.ts'
import { inboundLeads } from './inbound.ts'
import type { Case, Lead } from './lead.ts'
import { routingLeads } from './routing.ts'
import { leadsOfSigns } from './signs/index.ts'

/** The objects to blame for a failing class: by the piece of configuration at which it fails and, where the walk foresees no failure, by what the logs show. */
export function leadsFor(one: Case): Lead[] {
  for (const look of [deletedLeads, gonePortLeads, routingLeads, destinationLeads, inboundLeads]) {
    const found = look(one)
    if (found.length > 0) return found
  }
  return leadsOfSigns(one)
}
