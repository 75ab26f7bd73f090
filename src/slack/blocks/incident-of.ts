import { isFields } from '../../mesh/fields.ts'
import type { RunRecord } from '../../store/runs.ts'

/** Where the incident that a run is about is stored; undefined of a run that somebody asked for. */
export function incidentOf({ request }: Pick<RunRecord, 'request'>): { subject: string; id: string } | undefined {
  const incident: unknown = (request as unknown as Record<string, unknown>).incident
  return isFields(incident) && typeof incident.subject === 'string' && typeof incident.id === 'string'
    ? { subject: incident.subject, id: incident.id }
    : undefined
}
