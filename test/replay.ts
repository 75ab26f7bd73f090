import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { CHECKS } from '../src/checks/index.ts'
import { examine } from '../src/diagnosis/examine.ts'
import type { Report } from '../src/diagnosis/report.ts'
import type { Clients } from '../src/evidence/clients/clients.ts'
import type { Recording } from '../src/evidence/clients/recording.ts'
import { readRecording } from '../src/evidence/clients/recording-file.ts'
import { replayClients } from '../src/evidence/clients/recording.ts'
import { frozen, once } from './once.ts'
import { parseAsk, readSituation, SCENARIOS } from './situation.ts'

/** What a recorded mesh answered, `chapter-10/ill`: read once in a thread, for all to share. */
export const recordingOf = once((from): Recording => frozen(readRecording(join(SCENARIOS, from))))

/** A recorded mesh's clients. */
export function recordedClients(from: string): Clients {
  return replayClients(recordingOf(from), { shared: true })
}

export type Replayed = Report

/** Where the workers of one run keep for each other what they have diagnosed; absent where code may change meanwhile. */
const shared = process.env.MESH_MEDIC_TEST_REPLAYS

/** A value that another worker of the run has made, or the one that this one makes. */
async function sharedly<T>(name: string, make: () => Promise<T>): Promise<T> {
  if (shared === undefined) return make()
  const file = join(shared, createHash('sha256').update(name).digest('hex'))
  if (existsSync(file)) return deserialize(readFileSync(file)) as T
  const value = await make()
  const mine = `${file}.${process.pid}`
  writeFileSync(mine, serialize(value))
  renameSync(mine, file)
  return value
}

const replays = once(async (asked): Promise<Replayed> => {
  const [from = '', ask = ''] = asked.split('\n')
  return frozen(await sharedly(asked, () => examine(parseAsk(ask), recordedClients(from), CHECKS)))
})

/** Diagnoses a recorded mesh again, as it was asked when it was recorded unless another question is given; each question once in a thread. */
export async function replay(from: string, ask?: string): Promise<Replayed> {
  const [name = ''] = from.split('/')
  return replays(`${from}\n${ask ?? readSituation(name).ask}`)
}
