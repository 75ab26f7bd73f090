import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseRecording, type Recording } from '../evidence/clients/recording.ts'
import type { Situation } from './slack/stand-in.ts'

/** Where the demo's recordings are, each mesh before and after it was mended. */
const RECORDINGS = join(import.meta.dirname, '..', '..', 'recordings')

/** What the demo offers to try; the first is there at its start. Ids are folders of recordings. */
export const SITUATIONS: readonly Situation[] = [
  {
    id: 'chapter-10',
    label: 'Every request gets 503',
    about: 'A VirtualService routes to subsets that no DestinationRule defines. A fix is proposed.',
  },
  {
    id: 'gateway-host-mismatch',
    label: 'The gateway answers 404',
    about: 'The application is fine, and the ingress gateway has no route for its host. A fix is proposed.',
  },
  {
    id: 'fault-left-on',
    label: 'Half of the requests fail',
    about: 'Somebody tested with injected faults and left them on. A fix is proposed.',
  },
  {
    id: 'mtls-mode-conflict',
    label: 'Connections are reset',
    about: 'Callers speak plain text to pods that accept mutual TLS only. A fix is proposed.',
  },
  {
    id: 'authorization-denied',
    label: 'Callers are refused with 403',
    about: 'An AuthorizationPolicy allows other callers. Only its owner knows who may call, so no fix is proposed.',
  },
]

/** The mesh of a situation, before and after it was mended. */
export const readSituation = async (id: string): Promise<{ ill: Recording; mended: Recording }> => {
  const read = async (phase: string): Promise<Recording> =>
    parseRecording(await readFile(join(RECORDINGS, id, phase, 'recording.json'), 'utf8'))
  const [ill, mended] = await Promise.all([read('ill'), read('mended')])
  return { ill, mended }
}

/** What the self-test reads of the cluster, the same in every situation. */
export const readSelfTest = async (): Promise<Recording> =>
  parseRecording(await readFile(join(RECORDINGS, 'self-test', 'recording.json'), 'utf8'))
