import { ownerOf } from '../../checks/facts/owners.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Pod } from '../../mesh/objects.ts'
import type { Lead } from './lead.ts'
import { eachOnce, value } from './lead.ts'

/** The workloads of the pods behind a host, none of which is ready. */
export const noneReady = (pods: readonly Pod[], host: string, evidence: Evidence): Lead[] =>
  eachOnce(
    pods.map((pod) => ({
      code: 'MESH0331',
      subject: ownerOf(pod, evidence),
      why: `none of its pods behind ${value(host)} is ready`,
      remedy: 'Look at why its pods are not ready',
    })),
  )
