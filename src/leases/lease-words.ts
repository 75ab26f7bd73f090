import type { LeaseKind } from './lease-kinds.ts'
import type { LeaseProxy, LeaseRecord, Settings } from './lease-record.ts'
import { captureSettingText, PACKET_CAPTURE } from './captures/capture-setting.ts'
import { levelsText } from './log-levels/levels-text.ts'
import { ztunnelLevelsText } from './ztunnel-levels/levels.ts'

/** How leases of a kind are spoken of. */
export interface LeaseWords {
  /** By its state; `refused` when nothing could be raised at all. */
  titles: Readonly<Record<LeaseRecord['state'] | 'refused', string>>
  /** What is known of one proxy or workload, by its state. */
  states: Readonly<Record<LeaseProxy['state'], string>>
  /** `raised`: what was done with it. */
  done: string
  /** `No log level was raised.` */
  nothing: string
  /** `they could not be raised` */
  failed: string
  /** `the levels are put back` */
  whenOver: string
  /** `Ctrl-C puts the levels back` */
  interrupt: string
  /** What is said when setting failed half-way, perhaps. */
  unsure: string
  /** `Raise the log levels again.` */
  again: string
  /** Settings for people: `http:debug, router:debug`. */
  describe: (settings: Settings) => string
}

/** What the one setting of access logs is called. */
export const ACCESS_LOG = 'access log'
/** Its value while no Telemetry object of the lease is there. */
export const NO_OBJECT = 'none'

/** How leases of levels are spoken of, whoever's levels they are. */
const LEVELS: Omit<LeaseWords, 'describe'> = {
  titles: {
    raising: 'Log levels are being raised',
    raised: 'Log levels are raised',
    'putting-back': 'Log levels are being put back',
    over: 'Log levels were put back',
    refused: 'Log levels were not raised',
  },
  states: {
    noted: 'about to be set',
    raised: 'set',
    refused: 'could not be set',
    'put-back': 'put back',
    gone: 'its pod is gone, nothing to put back',
    restarted: 'its proxy was restarted and has its own levels again',
    left: 'somebody else changed it in the meantime: left alone',
    unreachable: 'not put back yet: it does not answer; mesh-medic keeps trying',
  },
  done: 'raised',
  nothing: 'No log level was raised.',
  failed: 'they could not be raised',
  whenOver: 'the levels are put back',
  interrupt: 'Ctrl-C puts the levels back',
  unsure: 'it is not known which levels were set, they are put back at the end',
  again: 'Raise the log levels again.',
}

const WORDS: Readonly<Record<LeaseKind, LeaseWords>> = {
  'access-logs': {
    titles: {
      raising: 'Access logs are being turned on',
      raised: 'Access logs are on',
      'putting-back': 'Access logs are being put back',
      over: 'Access logs were put back',
      refused: 'Access logs were not turned on',
    },
    states: {
      noted: 'about to be turned on',
      raised: 'on',
      refused: 'could not be turned on',
      'put-back': 'as before, the Telemetry object was deleted',
      gone: 'it is gone, nothing to put back',
      restarted: 'as before',
      left: 'left alone',
      unreachable: 'not put back yet: the Telemetry object could not be deleted; mesh-medic keeps trying',
    },
    done: 'turned on',
    nothing: 'Access logs were not turned on.',
    failed: 'they could not be turned on',
    whenOver: 'the access logs are as before',
    interrupt: 'Ctrl-C puts the access logs back',
    unsure: 'it is not known whether they are on, they are put back at the end',
    again: 'Turn the access logs on again.',
    describe: ({ [ACCESS_LOG]: provider = NO_OBJECT }) =>
      provider === NO_OBJECT ? 'no Telemetry object' : `access log by provider ${provider}`,
  },
  captures: {
    titles: {
      raising: 'A capture is being started',
      raised: 'Packets are captured',
      'putting-back': 'The capture is being ended',
      over: 'The capture is over',
      refused: 'No packets were captured',
    },
    states: {
      noted: 'about to be started',
      raised: 'runs',
      refused: 'could not be started',
      'put-back': 'ended',
      gone: 'its pod is gone',
      restarted: 'ended',
      left: 'left alone',
      unreachable: 'not known to have ended: it ends by itself, and mesh-medic keeps trying',
    },
    done: 'started',
    nothing: 'No packets were captured.',
    failed: 'it could not be started',
    whenOver: 'the capture is ended',
    interrupt: 'Ctrl-C ends it',
    unsure: 'it is not known whether it runs, it is ended at the end',
    again: 'Capture again.',
    describe: ({ [PACKET_CAPTURE]: value }) => captureSettingText(value),
  },
  'log-levels': { ...LEVELS, describe: levelsText },
  'ztunnel-levels': { ...LEVELS, describe: ztunnelLevelsText },
}

/** How a lease is spoken of. */
export const leaseWords = ({ kind }: { kind: LeaseKind }): LeaseWords => WORDS[kind]
