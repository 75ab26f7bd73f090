import type { Clients } from '../evidence/clients/clients.ts'
import type { ClusterWriter } from '../fixes/writer.ts'
import type { Records } from '../store/records.ts'

/** What leases are made and ended with. */
export interface LeaseDeps {
  records: Records
  clients: Pick<Clients, 'kubernetes' | 'istioctl' | 'portForward'>
  writer: Pick<
    ClusterWriter,
    'setLogLevels' | 'setZtunnelLevels' | 'turnOnAccessLog' | 'turnOffAccessLog' | 'startCapture' | 'endCapture'
  >
}
