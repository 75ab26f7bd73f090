import { UnseenError } from '../evidence/clients/clients.ts'
import { WriteError, type ClusterWriter } from './cluster-writer.ts'

const WHY = 'mesh-medic was started without write access to the cluster.'

/** The writer of a bot that may only look: refuses everything, with the reason. */
export const READ_ONLY: ClusterWriter = {
  read: () => Promise.reject(new UnseenError('unavailable', WHY)),
  rehearse: () => Promise.reject(new WriteError('forbidden', WHY)),
  write: () => Promise.reject(new WriteError('forbidden', WHY)),
  turnOnAccessLog: () => Promise.reject(new UnseenError('forbidden', WHY)),
  turnOffAccessLog: () => Promise.reject(new UnseenError('forbidden', WHY)),
  refusesCapture: () => Promise.reject(new UnseenError('forbidden', WHY)),
  startCapture: () => Promise.reject(new UnseenError('forbidden', WHY)),
  capturePackets: () => Promise.reject(new UnseenError('forbidden', WHY)),
  endCapture: () => Promise.reject(new UnseenError('forbidden', WHY)),
  setLogLevels: () => Promise.reject(new UnseenError('forbidden', WHY)),
  setZtunnelLevels: () => Promise.reject(new UnseenError('forbidden', WHY)),
}
