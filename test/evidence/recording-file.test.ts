import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { readRecording, writeRecording } from '../../src/evidence/clients/recording-file.ts'
import { formatRecording, type Recording } from '../../src/evidence/clients/recording.ts'
import { FORMAT, FORMAT_VERSION } from '../../src/evidence/clients/recording-format.ts'
import { recordingOf } from '../replay.ts'
import { SCENARIOS } from '../situation.ts'

const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-recording-'))
const made: Recording = {
  format: FORMAT,
  version: FORMAT_VERSION,
  madeBy: '0.1.0',
  madeAt: '2026-11-24T00:00:00.000Z',
  asked: { command: 'diagnose', words: 'catalog', question: { form: 'name', name: 'catalog' } },
  looks: [{ look: 'diagnosis', at: '2026-11-24T00:00:00.000Z', until: '2026-11-24T00:00:01.000Z', milliseconds: 1000 }],
  calls: [
    { call: 'b', json: [1] },
    { call: 'a', text: 'one' },
    { call: 'a', text: 'two' },
  ],
}
const file = (name: string, content: string | Buffer): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

it('is one file for nobody but its owner, and comes out as it went in; calls of one name keep their order', () => {
  const path = join(folder, 'mesh.json')
  expect(writeRecording(path, made)).toBe(statSync(path).size)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const read = readRecording(path)
  expect(read).toEqual({ ...made, calls: [made.calls[1], made.calls[2], made.calls[0]] })
  expect(formatRecording(read)).toBe(readFileSync(path, 'utf8'))
})

it('is compressed when its name says so; its bytes tell when it is read', () => {
  const path = join(folder, 'mesh.json.gz')
  writeRecording(path, made)
  expect(gunzipSync(readFileSync(path)).toString()).toBe(formatRecording(made))
  expect(readRecording(file('renamed.json', readFileSync(path)))).toEqual(readRecording(path))
})

it('may be a folder of a situation, of before versions', () => {
  const read = readRecording(join(SCENARIOS, 'chapter-10', 'ill'))
  expect(read).toEqual(recordingOf('chapter-10/ill'))
  expect(read.version).toBeUndefined()
})

it('is written where a link leads, and leaves no half of a file', () => {
  const other = join(folder, 'other')
  mkdirSync(other)
  symlinkSync(file('behind.json', ''), join(other, 'link.json'))
  writeRecording(join(other, 'link.json'), made)
  expect(readRecording(join(folder, 'behind.json')).madeBy).toBe('0.1.0')
  expect(readdirSync(other)).toEqual(['link.json'])
  expect(() => writeRecording(join(folder, 'none', 'mesh.json'), made)).toThrow('none/mesh.json could not be written')
})

const text = formatRecording(made)
it.each<[string, string | Buffer, string]>([
  [
    'newer.json',
    text.replace('"version":1', '"version":7,"shape":"new"'),
    'has version 7 of the format, made by mesh-medic 0.1.0; this mesh-medic reads versions up to 1.',
  ],
  ['cut.json', text.slice(0, 200), 'is truncated: it begins as a recording and ends in the middle, after 200 bytes.'],
  [
    'cut.json.gz',
    Buffer.from('H4sIAAAAAAAAA6tWKkktLlGyUgJRtQCmlHjUDwAAAA==', 'base64').subarray(0, 20),
    'is truncated',
  ],
  ['cut-old.json', '{"madeAt":"2026-11-24T00:00:00.000Z","calls":[', 'is truncated'],
  ['empty.json', '', 'is not a recording: it is empty.'],
  ['notes.txt', 'hello', 'is not a recording: it is not JSON.'],
  ['package.json', '{"name":"mesh-medic"}', 'is not a recording: it is JSON of another kind.'],
  ['null.json', 'null', 'is not a recording: it is JSON of another kind.'],
  ['damaged.json', text.replace('"calls":[', '"calls":[{"call":1},'), 'is not a recording: calls.0.call'],
  [
    'damaged.gz',
    Buffer.from([0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]),
    'is not a recording: it is compressed, and damaged.',
  ],
])('%s is refused, and why is said', (name, content, says) => {
  const path = file(name, content)
  expect(() => readRecording(path)).toThrow(expect.objectContaining({ code: 'recording' }))
  expect(() => readRecording(path)).toThrow(`${path} ${says}`)
})

it('says that there is none', () => {
  expect(() => readRecording(join(folder, 'nothing.json'))).toThrow('There is no file')
  expect(() => readRecording(folder)).toThrow(`${folder} is a folder without a recording.json.`)
})
