import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKS } from '../src/checks/index.ts'
import { examine } from '../src/diagnosis/examine.ts'
import type { Report } from '../src/diagnosis/report.ts'
import type { Clients } from '../src/evidence/clients/clients.ts'
import type { Recording } from '../src/evidence/clients/recording.ts'
import { parseRecording, replayClients } from '../src/evidence/clients/recording.ts'
import { parseAsk, readSituation, SCENARIOS } from './situation.ts'

/** What a recorded mesh answered, `chapter-10/ill`. */
export function recordingOf(from: string): Recording {
  return parseRecording(readFileSync(join(SCENARIOS, from, 'recording.json'), 'utf8'))
}

/** A recorded mesh's clients. */
export function recordedClients(from: string): Clients {
  return replayClients(recordingOf(from))
}

export type Replayed = Report

/** Diagnoses a recorded mesh again, as it was asked when it was recorded unless another question is given. */
export async function replay(from: string, ask?: string): Promise<Replayed> {
  const [name = ''] = from.split('/')
  return examine(parseAsk(ask ?? readSituation(name).ask), recordedClients(from), CHECKS)
}
